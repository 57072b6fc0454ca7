import { type StaticDecode, Type } from "@sinclair/typebox";
import { AddressSet, type Network } from "../../http/address-set.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { NetworkText } from "../../pipeline/network-text.ts";
import { type ConfigIssue, definePolicy, type Policy } from "../../pipeline/policy.ts";
import { checkAllowed, checkDenied } from "./checks.ts";

const EXPECTED = "addresses and networks, like [10.0.0.0/8, 2001:db8::1]";

/** The schema of a list of networks, or of none under a default. */
function networksSchema(description: string, adviceForAll: string) {
  const advice = (written: string) =>
    /^(?:all|any|\*)$/i.test(written) ? adviceForAll : undefined;
  return Type.Union(
    [Type.Array(NetworkText(advice), { minItems: 1, expected: EXPECTED }), Type.Literal(false)],
    { description, expected: EXPECTED },
  );
}

/**
 * Refuses clients by their address, before anything else is done for them; preflights too. Two policies,
 * as each key has a default of its own: a route's `allow` does not lift what `defaults` denies.
 */
export const deny = definePolicy({
  name: "deny",
  routeReplacesGlobal: false,
  route: {
    key: "deny",
    schema: networksSchema(
      "The addresses and networks whose clients get a 403, even those that `allow` names. The client's address is that of the access log; behind proxies, `server.trusted_proxies` decides it. `false`: none, under a default.",
      "to refuse all others than some, list those in `allow` and leave `deny` out",
    ),
    check: (config) => checkUnlessOff(config, checkDenied),
    create: (config) => createRule("deny", config, (isListed) => !isListed),
  },
});

export const allow = definePolicy({
  name: "allow",
  routeReplacesGlobal: false,
  route: {
    key: "allow",
    schema: networksSchema(
      "The addresses and networks whose clients the route serves; all others get a 403. By the client's address, as for `deny`. `false`: everyone, under a default.",
      "to serve everyone, leave `allow` out or write `false`",
    ),
    check: (config) => checkUnlessOff(config, checkAllowed),
    create: (config) => createRule("allow", config, (isListed) => isListed),
  },
});

type Networks = StaticDecode<ReturnType<typeof networksSchema>>;

function checkUnlessOff(
  config: Networks,
  check: (networks: readonly Network[]) => ConfigIssue[],
): ConfigIssue[] {
  return config === false ? [] : check(config);
}

function createRule(
  name: string,
  config: Networks,
  admits: (isListed: boolean) => boolean,
): Policy | undefined {
  if (config === false) return undefined;
  const addresses = new AddressSet(config);
  return {
    name,
    request({ client }: Exchange) {
      if (admits(addresses.has(client.address))) return undefined;
      throw new GatewayError("address_denied", "this route does not serve the client's address");
    },
  };
}
