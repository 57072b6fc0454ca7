import type { ConfigIssue } from "../pipeline/policy.ts";
import type { Pattern } from "../routing/pattern.ts";

/** A route's keys about the path that backends get. */
interface RewritingKeys {
  readonly pattern?: Pattern | undefined;
  readonly strip_prefix?: string;
  readonly rewrite?: object;
  readonly redirect?: unknown;
  readonly respond?: unknown;
}

/** Finds what contradicts the route's path, or each other. */
export function checkRewriting(route: object): ConfigIssue[] {
  const { pattern, strip_prefix: prefix, rewrite, redirect, respond }: RewritingKeys = route;
  if (redirect !== undefined || respond !== undefined) {
    const written = (["strip_prefix", "rewrite"] as const).filter((key) => key in route);
    return written.map((key) => ({
      path: [key],
      message: `\`${key}\` changes what a backend gets, and this route sends nothing to one; leave it out`,
    }));
  }
  if (prefix === undefined) return [];
  if (rewrite !== undefined) {
    const message =
      "`rewrite` makes the whole path, so there is nothing to take off; leave `strip_prefix` out, and write the parts that stay by their names, like `/v2/{path.rest}` for a path that ends in /*rest";
    return [{ path: ["strip_prefix"], message }];
  }
  if (pattern === undefined || canBegin(pattern, prefix)) return [];
  const message = `no path of this route begins with \`${prefix}\`: the route is for \`${pattern.path}\``;
  return [{ path: ["strip_prefix"], message }];
}

/** Whether a path that the pattern matches can begin with the prefix. */
function canBegin({ segments }: Pattern, prefix: string): boolean {
  for (const [index, text] of prefix.slice(1).split("/").entries()) {
    const segment = segments[index];
    if (segment === undefined) return false;
    if (segment.kind === "wildcard") return true;
    if (segment.kind === "static" && segment.text !== text) return false;
  }
  return true;
}
