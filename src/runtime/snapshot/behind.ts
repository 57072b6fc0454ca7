import { placeholdersIn } from "../../pipeline/parsed-texts.ts";
import type { Behind } from "../../pipeline/policy.ts";
import { policyRegistry } from "../../policies/registry.ts";

/** Keys of a route, besides those of policies, that decide what a client gets of an answer or instead. */
const OTHERS = ["preserve_path", "redirect", "respond", "split"];

/** What a route's configuration says of what comes after a policy. */
export function behind(route: object, policy: string): Behind {
  const at = policyRegistry.findIndex(({ name }) => name === policy);
  const after = policyRegistry.slice(at + 1).map(({ route: scope }) => scope?.key ?? "");
  const entries = [...after, ...OTHERS].map((key): [string, unknown] => [
    key,
    Reflect.get(route, key),
  ]);
  return {
    placeholders: placeholdersIn(entries),
    fingerprint: Bun.hash(JSON.stringify(entries)).toString(36),
  };
}
