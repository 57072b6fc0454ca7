import { Type } from "@sinclair/typebox";
import { methodProblem } from "../http/methods.ts";
import { normalizePath } from "../http/path.ts";
import { defineSection } from "../pipeline/section.ts";
import { parsePattern } from "./pattern.ts";

/** `path` of a route. */
export const path = defineSection({
  schema: Type.String({
    description:
      "The path that is matched: exact, with `:name` segments, or with `/*` at its end for everything below.",
    minLength: 1,
    expected: "a path that begins with /, like /api/users/*",
  }),
  check(path) {
    const pattern = parsePattern(path);
    if ("message" in pattern) return [{ path: [], message: pattern.message }];
    const normal = normalizePath(path);
    return typeof normal === "string"
      ? []
      : [{ path: [], message: `no request can match this: ${normal.problem}` }];
  },
});

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
