import { AddressSet, parseNetwork } from "../../src/http/address-set.ts";

/** A set of networks as they are written; those that are none are left out. */
export function addressSet(networks: readonly string[]): AddressSet {
  return new AddressSet(networks.flatMap((network) => parseNetwork(network) ?? []));
}
