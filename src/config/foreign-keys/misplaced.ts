import { plainForm } from "../../units/closest.ts";
import type { KeyHint } from "../../documents/reading/complaints.ts";
import { NOT_IN_COMMON } from "../defaults.ts";
import { policyRegistry } from "../../policies/registry.ts";
import { conditionSections, routeSections, upstreamKeys } from "../sections.ts";

const ROUTE_KEYS = [
  ...Object.keys(routeSections),
  ...Object.keys(conditionSections),
  ...policyRegistry.flatMap(({ route }) => route?.key ?? []),
];

const BY_PLAIN_FORM = new Map(ROUTE_KEYS.map((key) => [plainForm(key), key]));

export function isUpstreamKey(key: string): boolean {
  return Object.hasOwn(upstreamKeys, key);
}

/** The answer to a key of routes that is written in another place; undefined if it is none. */
export function ofRoutes(written: string): KeyHint | undefined {
  const key = BY_PLAIN_FORM.get(plainForm(written));
  if (key === undefined) return undefined;
  const own = isUpstreamKey(key) && key !== "backends";
  const owner = own ? "an upstream, and of a route with `backends`" : "a route";
  const answer = NOT_IN_COMMON.has(key)
    ? `that is a key of ${owner}; each has its own`
    : `that is a key of ${owner}, or of \`defaults\` for all of them`;
  return { answer };
}
