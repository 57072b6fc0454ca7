import { Type } from "@sinclair/typebox";
import { methodProblem } from "../../http/methods.ts";
import { defineCondition } from "./condition.ts";

/**
 * The methods that a route accepts. The route table looks them up in a map, before any other condition.
 */
export const methods = defineCondition({
  key: "methods",
  schema: Type.Array(Type.String({ expected: "a method's name, like GET" }), {
    description: "The methods that the route accepts; by default, every method that is proxied.",
    minItems: 1,
  }),
  check: (methods) =>
    methods.flatMap((method, index) => {
      const message = method === undefined ? undefined : methodProblem(method);
      return message === undefined ? [] : [{ path: [index], message }];
    }),
});
