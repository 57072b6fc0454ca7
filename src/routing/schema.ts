import { Type } from "@sinclair/typebox";
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
