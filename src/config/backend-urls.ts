import type { Config } from "./schema.ts";

/** The URLs of all backends that a configuration lists, each once. */
export function backendUrls({
  routes,
  upstreams,
}: Pick<Config, "routes" | "upstreams">): ReadonlySet<string> {
  const listed = [...routes, ...Object.values(upstreams ?? {})];
  return new Set(listed.flatMap(({ backends }) => (backends ?? []).map(({ url }) => url)));
}
