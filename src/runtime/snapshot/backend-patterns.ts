import type { RouteConfig } from "../../config/schema.ts";
import { normalizePath } from "../../http/path.ts";
import type { ParsedText, Placeholder } from "../../pipeline/placeholders.ts";
import { inPath } from "../../pipeline/text-places.ts";
import { isPlaceholder, masked, partsWithin } from "../../pipeline/url-templates.ts";
import type { Pattern, Segment } from "../../routing/pattern.ts";

/** With the keys that change the path. */
interface RewritingRoute extends RouteConfig {
  readonly strip_prefix?: string;
  readonly rewrite?: ParsedText;
}

/** Whether backends can get another path than the client's. */
export function isRewritten(route: RouteConfig): boolean {
  const { strip_prefix: prefix, rewrite } = route as RewritingRoute;
  return prefix !== undefined || rewrite !== undefined;
}

/** What the paths look like that a route sends to a backend with a base path, which is empty or like "/v1". */
export function backendPatterns(route: RouteConfig, basePath: string): Pattern[] {
  const base = normalBase(basePath).split("/").slice(1).map(literal);
  return rewritings(route).map((segments) => patternOf([...base, ...segments]));
}

function rewritings(route: RouteConfig): readonly (readonly Segment[])[] {
  const { pattern, strip_prefix: prefix, rewrite } = route as RewritingRoute;
  if (rewrite !== undefined) return [rewrittenSegments(rewrite, pattern)];
  if (prefix !== undefined) return strippedSegments(prefix, pattern);
  return [pattern.segments];
}

function patternOf(segments: readonly Segment[]): Pattern {
  const shapeOf = ({ kind, text }: Segment) => (kind === "static" ? text : text.slice(0, 1));
  return {
    path: segments.map(({ text }) => `/${text}`).join(""),
    segments,
    shape: segments.map((segment) => `/${shapeOf(segment)}`).join(""),
  };
}

/** A backend's base path as the paths of requests are written, so that it can be matched. */
export function normalBase(basePath: string): string {
  const normal = normalizePath(`${basePath}/`);
  return typeof normal === "string" ? normal.slice(0, -1) : basePath;
}

const PARAMETER: Segment = { kind: "parameter", text: ":value", name: "value" };
const WILDCARD: Segment = { kind: "wildcard", text: "*", name: undefined };

function literal(text: string): Segment {
  const normal = normalizePath(`/${text}`);
  return { kind: "static", text: typeof normal === "string" ? normal.slice(1) : text };
}

/** With the prefix taken off, and as they are if the path need not begin with it. */
function strippedSegments(prefix: string, { segments }: Pattern): readonly (readonly Segment[])[] {
  const wanted = prefix.slice(1).split("/");
  let isCertain = true;
  for (const [index, text] of wanted.entries()) {
    const segment = segments[index];
    if (segment?.kind === "wildcard") return [[WILDCARD], segments];
    if (segment?.kind === "parameter") isCertain = false;
    else if (segment?.text !== text) return [segments];
  }
  const left = segments.slice(wanted.length);
  const stripped = left.length === 0 ? [literal("")] : left;
  return isCertain ? [stripped] : [stripped, segments];
}

function rewrittenSegments(text: ParsedText, route: Pattern): readonly Segment[] {
  const end = masked(text).search(/\?|$/);
  const made: Segment[] = [];
  let current: Segment | undefined;
  for (const part of partsWithin(text, 0, end)) {
    if (typeof part === "string") {
      const [first = "", ...others] = inPath.literal(part).split("/");
      if (first !== "")
        current =
          current?.kind === "static" ? literal(current.text + first) : (current ?? literal(first));
      for (const one of others) {
        if (current !== undefined) made.push(current);
        current = literal(one);
      }
    } else if (isPlaceholder(part, "request.path")) {
      made.push(...(current === undefined ? [] : [current]), ...route.segments);
      current = made.pop();
    } else if (isWildcard(part, route)) current = WILDCARD;
    else current = PARAMETER;
    if (current?.kind === "wildcard") break;
  }
  if (current !== undefined) made.push(current);
  return made;
}

function isWildcard(part: Placeholder, { segments }: Pattern): boolean {
  const last = segments.at(-1);
  return part.source === "path" && last?.kind === "wildcard" && last.name === part.name;
}
