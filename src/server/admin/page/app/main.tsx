import { render } from "preact";
import { App } from "./shell/app.tsx";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/controls.css";
import "./styles/parts.css";
import "./styles/charts.css";
import "./styles/exchange.css";
import "./styles/requests.css";
import "./styles/views.css";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
