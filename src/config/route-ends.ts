import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, type IsWhole, under } from "../pipeline/section.ts";
import type { Config, RouteConfig } from "./schema.ts";
import type { IsWritten } from "./relations.ts";
import { routeEnds, upstreamKeys } from "./sections.ts";
import { closest } from "../units/closest.ts";

/** Finds routes that lead nowhere, to several places at once or to an upstream that does not exist. */
export function checkRouteEnds(
  { routes = [], upstreams }: Checkable<Config>,
  isWritten: IsWritten,
  isWhole: IsWhole,
): ConfigIssue[] {
  const used = new Set<string>();
  const issues = routes.flatMap((route, index) => {
    if (route === undefined) return [];
    const has = (...keys: string[]) => isWritten(["routes", index, ...keys]);
    const references = referencesOf(route, has);
    for (const { name } of references) used.add(name);
    // A key that was not understood may say where its requests go.
    if (!isWhole(route) && !routeEnds.some((key) => has(key))) return [];
    return under(
      ["routes", index],
      [...checkRoute(route, has), ...checkReferences(references, upstreams, isWritten)],
    );
  });
  for (const name of Object.keys(upstreams ?? {})) {
    if (used.has(name)) continue;
    const message = `no route uses the upstream \`${name}\`; its backends are checked all the same`;
    issues.push({ path: ["upstreams", name], message, severity: "warning" });
  }
  return issues;
}

/** A route's mention of an upstream. */
interface Reference {
  readonly name: string;
  readonly path: readonly (string | number)[];
}

/** The upstreams that a route's requests, or copies of them, go to. */
function referencesOf(
  { upstream, split, mirror }: Checkable<RouteConfig>,
  has: (...keys: string[]) => boolean,
): Reference[] {
  const isOne = has("mirror", "upstream");
  const inList = (key: string, list: readonly ({ readonly upstream?: string } | undefined)[]) =>
    list.flatMap((one, index): Reference[] => {
      if (one?.upstream === undefined) return [];
      return [
        {
          name: one.upstream,
          path: [key, ...(isOne && key === "mirror" ? [] : [index]), "upstream"],
        },
      ];
    });
  return [
    ...(upstream === undefined ? [] : [{ name: upstream, path: ["upstream"] }]),
    ...inList("split", split ?? []),
    ...inList("mirror", mirror ?? []),
  ];
}

function checkReferences(
  references: readonly Reference[],
  upstreams: Checkable<Config>["upstreams"],
  isWritten: IsWritten,
): ConfigIssue[] {
  // Upstreams that are written, but not well-formed, have been reported.
  if (upstreams === undefined && isWritten(["upstreams"])) return [];
  return references.flatMap(({ name, path }) => {
    if (isWritten(["upstreams", name])) return [];
    const message = isUrl(name)
      ? urlInPlaceOfName(name, path)
      : nameProblem(name, Object.keys(upstreams ?? {}));
    return [{ path, message }];
  });
}

function isUrl(name: string): boolean {
  return /^(?:https?:|unix:)|:[0-9]+$/.test(name);
}

function urlInPlaceOfName(url: string, [key]: Reference["path"]): string {
  return key === "upstream"
    ? `\`upstream\` is the name of one of the \`upstreams\`; for a URL, write \`backends: ["${url}"]\``
    : `this is the name of an upstream; define one for the URL, like \`upstreams: { name: "${url}" }\``;
}

function checkRoute(
  { upstream }: Checkable<RouteConfig>,
  has: (key: string) => boolean,
): ConfigIssue[] {
  const written = routeEnds.filter((key) => has(key));
  const [end, another] = written;
  if (end === undefined) {
    if (has("discover")) return [];
    const message = `a route needs one of ${inCode(routeEnds)}, which say where its requests go`;
    return [{ path: [], message }];
  }
  if (another !== undefined) {
    const message = `requests go to one place: \`${end}\` or \`${another}\`; leave one of them out`;
    return [{ path: [another], message }];
  }
  if (end === "backends") return [];
  return Object.keys(upstreamKeys)
    .filter((key) => has(key) && !(end === "split" && key === "sticky"))
    .map((key): ConfigIssue => ({ path: [key], message: misplaced(key, upstream) }));
}

function misplaced(key: string, upstream: string | undefined): string {
  return upstream === undefined
    ? `\`${key}\` is for routes with \`backends\`; leave it out`
    : `\`${key}\` belongs to the upstream; move it to \`upstreams.${upstream}\``;
}

/** Why there is no upstream of this name. */
function nameProblem(name: string, names: readonly string[]): string {
  const near = closest(name, names);
  if (near !== undefined) return `there is no upstream \`${name}\`; did you mean \`${near}\`?`;
  return names.length === 0
    ? `there is no upstream \`${name}\`; define it at the top level, like \`upstreams: { ${name}: [http://localhost:9001] }\``
    : `there is no upstream \`${name}\`; defined under \`upstreams\`: ${inCode(names)}`;
}

function inCode(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
