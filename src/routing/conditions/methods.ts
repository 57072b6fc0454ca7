import { Type } from "@sinclair/typebox";
import { methodProblem, methodWarning } from "../../http/methods.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { defineCondition } from "./condition.ts";

/**
 * The methods that a route accepts. The route table looks them up in a map, before any other condition.
 */
export const methods = defineCondition({
  key: "methods",
  schema: Type.Array(Type.String({ expected: "a method's name, like GET" }), {
    description:
      "The methods that the route accepts, those of your own too (`[LIST]`); by default, the methods in common use, which docs/http.md lists.",
    minItems: 1,
  }),
  check: (methods) =>
    methods.flatMap((method, index): ConfigIssue[] => {
      if (method === undefined) return [];
      const problem = methodProblem(method);
      if (problem !== undefined) return [{ path: [index], message: problem }];
      const warning = methodWarning(method);
      return warning === undefined
        ? []
        : [{ path: [index], message: warning, severity: "warning" }];
    }),
});
