import { Type } from "@sinclair/typebox";
import { methodProblem } from "../http/methods.ts";
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

/** The pattern of a route as requests meet it, whose paths have been normalised when it is matched. */
function readPattern(path: string): Pattern | { readonly message: string } {
  const pattern = parsePattern(path);
  if ("message" in pattern) return pattern;
  const normal = normalizePath(path);
  if (typeof normal !== "string")
    return { message: `no request can match this: ${normal.problem}` };
  return normal === path ? pattern : parsePattern(normal);
}

/** `methods` of a route. */
export const methods = defineSection({
  schema: Type.Optional(
    Type.Array(Type.String({ expected: "a method's name, like GET" }), {
      description: "The methods that the route accepts; by default, every method that is proxied.",
      minItems: 1,
    }),
  ),
  check: (methods) =>
    methods.flatMap((method, index) => {
      const message = method === undefined ? undefined : methodProblem(method);
      return message === undefined ? [] : [{ path: [index], message }];
    }),
});
