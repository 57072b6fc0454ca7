import { isIP } from "node:net";
import { policyRegistry } from "../../policies/registry.ts";
import { closest } from "../../units/closest.ts";
import { printable } from "../../units/printable.ts";
import type { Arguments } from "../command.ts";

const POLICIES: readonly string[] = policyRegistry.map(({ name }) => name);

/** Why no request may have been found: values that are valid, and that no request has. Empty for none. */
export function adviceOnNothing({ flags }: Arguments): string {
  const advice = Object.entries(CHECKS).flatMap(([flag, check]) => {
    const written = flags[flag]?.trim();
    if (written === undefined || written === "any" || written === "none") return [];
    const found = check(written);
    return found === undefined ? [] : [printable(found)];
  });
  return advice.length === 0 ? "" : `; ${advice.join("; ")}`;
}

const CHECKS: Readonly<Record<string, (written: string) => string | undefined>> = {
  path: (written) =>
    /^[/*]/.test(written) ? undefined : `paths begin with /, and --path '*${written}*' is anywhere`,
  backend: (written) =>
    written.includes("://")
      ? undefined
      : "--backend is a URL as in the configuration, like http://10.0.0.7:8080",
  client: (written) => {
    if (isIP(written.replace(/^\[(.*)\]$/, "$1")) !== 0) return undefined;
    return written.includes("/")
      ? "--client is one address, and no network"
      : "--client is an address; who the client is is --subject";
  },
  error: (written) =>
    /^[0-9]/.test(written)
      ? "--error is a code like rate_limited; a status is --status"
      : undefined,
  "refused-by": (written) => {
    if (POLICIES.includes(written)) return undefined;
    const meant = closest(written, POLICIES);
    return `no policy is called ${written}${meant === undefined ? "" : `, did you mean ${meant}?`}`;
  },
};
