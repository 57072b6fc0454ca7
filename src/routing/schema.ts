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
    listAdvice: "write a route for each, with the same `upstream`",
    keep: { as: "pattern", parse: readPattern } satisfies KeptParse,
  }),
});

/** `name` of a route. A name has no "/", so it is never the id of a route without one. */
export const name = defineSection({
  schema: Type.Optional(
    Type.String({
      description:
        "What the route is called in rows, logs and limits; no two routes have the same name. By default, its path, with hosts, methods and conditions where several routes share that.",
      pattern: "^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}$",
      expected: 'a name of letters, digits, "_", "-", "." and ":", like users-read',
    }),
  ),
});

/** `priority` of a route. */
export const priority = defineSection({
  schema: Type.Optional(
    Type.Integer({
      description:
        "Which of several routes comes first if a request meets the conditions of all of them and neither host, path, method nor the number of conditions decides: the highest, then the first in the file. Default: 0, as that order is enough for most.",
      minimum: -1_000_000,
      maximum: 1_000_000,
    }),
  ),
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
