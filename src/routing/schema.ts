import { Type } from "@sinclair/typebox";

/** The keys of a route that decide which requests are its own. */
export const routeMatchProperties = {
  path: Type.String({
    description:
      "The path that is matched: exact, with `:name` segments, or with `/*` at its end for all that is below.",
    minLength: 1,
    expected: "a path that begins with /, like /api/users/*",
  }),
  methods: Type.Optional(
    Type.Array(Type.String({ expected: "a method's name, like GET" }), {
      description: "The methods that are taken; without it, all that are proxied.",
      minItems: 1,
    }),
  ),
};
