import { session } from "../data/api.ts";
import { useStore } from "../data/store.ts";
import type { Routes } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { Copy, Empty } from "../parts/words.tsx";

/** What to do on a gateway that nobody uses yet. */
export function NoTraffic() {
  const routes = useData<Routes>("routes");
  const traffic = trafficUrl(useStore(session));
  const path = examplePath(routes.value);
  const command = `curl -i ${traffic}${path}`;
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

/** The clients' port, or the usual one. */
export function trafficUrl(session: unknown): string {
  const { traffic_url: url } = (session ?? {}) as { readonly traffic_url?: string | null };
  return url ?? `http://${location.hostname}:8080`;
}

/** A path that the first plain route takes. */
function examplePath(routes: Routes | undefined): string {
  const path = routes?.routes.find(({ hosts }) => hosts.length === 0)?.path ?? "/";
  return path.replace(/\*.*$/, "").replace(/:[^/]+/g, "1");
}
