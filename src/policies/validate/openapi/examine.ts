import { GatewayError } from "../../../pipeline/errors.ts";
import type { Exchange } from "../../../pipeline/exchange.ts";
import type { Fault } from "../faults.ts";
import type { OpenApiConfig } from "../schema.ts";
import { TooCostly } from "../schemas/budget.ts";
import type { Findings } from "../validation.ts";
import type { Api } from "./api.ts";
import { Pairs } from "./query-pairs.ts";

const NOTHING: Findings = { faults: [], expected: [] };

/** Judges requests by the operation that they are for. */
export function examiner(
  { unknown_operations: unknownOperations, unknown_parameters: unknownParameters }: OpenApiConfig,
  api: () => Api,
): (exchange: Exchange) => Findings | GatewayError {
  return (exchange) => {
    const { method, target } = exchange;
    const found = api().find(method, target.path);
    if (found.kind !== "found") {
      if (unknownOperations === "pass") return NOTHING;
      return found.kind === "none"
        ? unknownPath(target.path)
        : unknownMethod(method, found.methods);
    }
    const { thing: operation, parameters: path } = found;
    const query = new Pairs(target.query.slice(1));
    let faults: Fault[];
    try {
      faults = operation.parameterFaults({ exchange, query, path });
    } catch (error) {
      if (!(error instanceof TooCostly)) throw error;
      faults = [{ detail: error.message }];
    }
    if (unknownParameters === "reject") {
      for (const name of query.names) {
        if (!operation.knowsQuery(name)) faults.push(unknownParameter(name));
      }
    }
    return { faults, expected: [operation] };
  };
}

/** Characters of a name that a client chose. */
const LONGEST_NAME = 100;

function unknownParameter(name: string): Fault {
  const parameter = name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}…`;
  return { in: "query", parameter, detail: "is not known" };
}

function unknownPath(path: string): GatewayError {
  return new GatewayError("route_not_found", `the API has no operation at ${path}`);
}

function unknownMethod(method: string, methods: readonly string[]): GatewayError {
  const allow = methods.includes("GET") ? [...new Set([...methods, "HEAD"])] : methods;
  const written = allow.toSorted().join(", ");
  return new GatewayError("method_not_allowed", `this operation takes ${written}, not ${method}`, {
    fields: { allow: written },
  });
}
