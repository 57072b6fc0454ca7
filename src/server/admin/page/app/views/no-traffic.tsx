import { session } from "../data/api.ts";
import { useStore } from "../data/store.ts";
import type { Routes } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { Copy, Empty } from "../parts/words.tsx";

const USUAL_PORT = 8080;

/** What to do on a gateway that nobody uses yet. */
export function NoTraffic() {
  const routes = useData<Routes>("routes");
  const port = useStore(session)?.main_port ?? USUAL_PORT;
  const path = examplePath(routes.value);
  const url = `http://${location.hostname}:${port}${path}`;
  const command = `curl -i ${/^[\w./:-]+$/.test(url) ? url : `'${url.replaceAll("'", "%27")}'`}`;
  return (
    <div class="panel">
      <Empty icon="overview" title="No traffic yet">
        <p>Send a request, and it shows up here within a second:</p>
        <div class="command">
          <code>{command}</code>
          <Copy text={command} />
        </div>
      </Empty>
    </div>
  );
}

/** A path that the first plain route takes. */
function examplePath(routes: Routes | undefined): string {
  const path = routes?.routes.find(({ hosts }) => hosts.length === 0)?.path ?? "/";
  return path.replace(/\*.*$/, "").replace(/:[^/]+/g, "1");
}
