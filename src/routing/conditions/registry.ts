import { clients } from "./clients.ts";
import type { ConditionDefinition } from "./condition.ts";
import { headers } from "./headers.ts";
import { hosts } from "./hosts.ts";
import { methods } from "./methods.ts";
import { query } from "./query.ts";

/** Every condition that a route may have in addition to its path, in the reference's order. */
export const conditionRegistry = [
  // These two are looked up before the others: by the host, the path, then the method.
  hosts,
  methods,
  headers,
  query,
  clients,
] as const satisfies readonly ConditionDefinition[];
