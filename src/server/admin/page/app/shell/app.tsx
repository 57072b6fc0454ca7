import { useEffect, useState } from "preact/hooks";
import { ApiError, readSession, session } from "../data/api.ts";
import { startLive } from "../data/live.ts";
import { addressOf, goTo, VIEWS } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import { Problem } from "../parts/words.tsx";
import { Questions } from "./dialog.tsx";
import { Frame } from "./frame.tsx";
import { Help } from "./help.tsx";
import { Login } from "./login.tsx";
import { useKeys } from "./shortcuts.ts";
import { switchTheme } from "./theme.ts";
import { Toasts } from "./toast.tsx";

export function App() {
  const now = useStore(session);
  const [problem, setProblem] = useState<ApiError>();
  const [isHelpOpen, setHelpOpen] = useState(false);

  const begin = () => {
    setProblem(undefined);
    readSession().catch((error: unknown) =>
      setProblem(error instanceof ApiError ? error : new ApiError(0, String(error))),
    );
  };
  useEffect(begin, []);
  const isIn = now?.authenticated === true;
  useEffect(() => (isIn ? startLive() : undefined), [isIn]);

  const toView = Object.fromEntries(
    VIEWS.map((view, index) => [String(index + 1), () => goTo(addressOf(view))]),
  );
  useKeys({
    ...(isIn && toView),
    "?": () => setHelpOpen(true),
    t: switchTheme,
  });

  if (now === undefined) {
    return problem === undefined ? null : (
      <main class="login">
        <Problem problem={problem} retry={begin} />
      </main>
    );
  }
  return (
    <>
      {isIn ? <Frame onHelp={() => setHelpOpen(true)} /> : <Login onDone={begin} />}
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
      <Questions />
      <Toasts />
    </>
  );
}
