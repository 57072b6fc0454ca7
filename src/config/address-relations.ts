import type { Network } from "../http/address-set.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import type { IsWhole } from "../pipeline/section.ts";
import { under } from "../pipeline/section.ts";
import { checkAgainstDenied } from "../policies/addresses/checks.ts";

/** Finds addresses that a route allows and denies. */
export function checkAddressRules(route: object, isWhole: IsWhole): ConfigIssue[] {
  const [allowed, denied] = ["allow", "deny"].map((key) => {
    const networks: unknown = Reflect.get(route, key);
    return Array.isArray(networks) && isWhole(networks) ? (networks as Network[]) : [];
  });
  return under(["allow"], checkAgainstDenied(allowed ?? [], denied ?? []));
}
