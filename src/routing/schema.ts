import { Type } from "@sinclair/typebox";
import { normalizePath } from "../http/path.ts";
import { defineSection, type KeptParse } from "../pipeline/section.ts";
import { parsePattern, type Pattern } from "./pattern.ts";

/** `path` of a route. */
export const path = defineSection({
  schema: Type.String({
    description:
      "The path that is matched: exact, with `:name` segments, or with `/*` at its end for everything below.",
    minLength: 1,
    expected: "a path that begins with /, like /api/users/*",
    keep: { as: "pattern", parse: readPattern } satisfies KeptParse,
  }),
});

/** The pattern of the normalised path, as the paths of requests are normalised before they are matched. */
function readPattern(
  path: string,
): Pattern | { readonly message: string; readonly offset?: number } {
  const pattern = parsePattern(path);
  if ("message" in pattern) return pattern;
  const normal = normalizePath(path);
  if (typeof normal !== "string")
    return { message: `no request can match this: ${normal.problem}` };
  return normal === path ? pattern : parsePattern(normal);
}
