import { Type } from "@sinclair/typebox";
import { AddressSet, type Network } from "../../http/address-set.ts";
import { NetworkText } from "../../pipeline/network-text.ts";
import { PlaceholderText } from "../../pipeline/placeholders.ts";

/** Keys of the configuration that rate limits and quotas have in common. */

/** `exempt` of a limit or a quota, which is what `what` calls it. */
export function exemptSchema(what: string) {
  return Type.Optional(
    Type.Array(NetworkText(), {
      description: `Addresses and networks of clients that the ${what} does not count.`,
      expected: "an address, a network, or a list of them, like 10.0.0.0/8",
    }),
  );
}

/** Whom a limit or a quota does not count; undefined if it counts everybody. */
export function exemptOf(networks: readonly Network[] | undefined): AddressSet | undefined {
  return networks && new AddressSet(networks);
}

/** `name`, which goes into the RateLimit fields. */
export function nameSchema(description: string) {
  return Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: "^[ -~]+$",
      expected: "printable ASCII text",
      description,
    }),
  );
}

/** A `key` that is a text made of each request. */
export const textKeySchema = PlaceholderText({
  pattern: "\\{",
  expected: 'text with placeholders, like "{header.x-tenant}"',
});
