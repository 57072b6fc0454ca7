import type { Snapshot } from "../../../runtime/snapshot/snapshot.ts";
import type { Backend } from "../../../upstream/backend.ts";
import type { Upstream } from "../../../upstream/upstream.ts";
import { ApiProblem } from "./api-problem.ts";
import { upstreamNames } from "./route-descriptions.ts";

/** Which backend is meant: by its URL, in all upstreams or in some of them. */
export interface DrainRequest {
  readonly url: string;
  readonly upstream?: string;
  readonly route?: string;
}

/**
 * Keeps new requests from a backend, or lets it get some again. Requests in flight go on. Throws an
 * ApiProblem if there is no such backend.
 */
export function setDrained(snapshot: Snapshot, wanted: DrainRequest, isOn: boolean) {
  const found = [...meantBy(snapshot, wanted)];
  if (found.length === 0) throw new ApiProblem(404, noSuchBackend(snapshot, wanted));
  for (const { backend } of found) backend.drain.set(isOn);
  const open = found
    .flatMap(({ upstream }) => upstream.backends)
    .filter(({ drain }) => !drain.isOn);
  return {
    url: wanted.url,
    drained: isOn,
    upstreams: found.map(({ name }) => name),
    in_flight: found.reduce((sum, { backend }) => sum + backend.inFlight, 0),
    others: new Set(open.map(({ url }) => url)).size,
  };
}

interface Found {
  readonly name: string;
  readonly upstream: Upstream;
  readonly backend: Backend;
}

/** Each upstream once: routes share them. */
function* meantBy({ routes }: Snapshot, wanted: DrainRequest): Generator<Found> {
  const seen = new Set<Upstream>();
  for (const route of routes) {
    if (wanted.route !== undefined && wanted.route !== route.id) continue;
    const names = upstreamNames(route);
    for (const [index, upstream] of route.upstreams.entries()) {
      const name = names[index] ?? "";
      if (seen.has(upstream) || (wanted.upstream !== undefined && wanted.upstream !== name))
        continue;
      const backend = upstream.backends.find(({ url }) => url === wanted.url);
      if (backend === undefined) continue;
      seen.add(upstream);
      yield { name, upstream, backend };
    }
  }
}

function noSuchBackend({ routes }: Snapshot, { url, upstream, route }: DrainRequest): string {
  const where = [
    ...(upstream === undefined ? [] : [` in upstream ${upstream}`]),
    ...(route === undefined ? [] : [` of route ${route}`]),
  ].join("");
  const urls = new Set(
    routes
      .flatMap(({ upstreams }) => upstreams.flatMap(({ backends }) => backends))
      .map(({ url }) => url),
  );
  const known = [...urls].slice(0, 10).join(", ");
  return `there is no backend ${url}${where}; backends are named by their URLs in the configuration: ${known}`;
}
