import { Type } from "@sinclair/typebox";
import { AddressSet, contains, type Network, networkText } from "../../http/address-set.ts";
import { NetworkText } from "../../pipeline/network-text.ts";
import {
  type Comparison,
  type Condition,
  defineCondition,
  type RoutedRequest,
} from "./condition.ts";

/** The networks that the client may be in. */
export const clients = defineCondition({
  key: "clients",
  schema: Type.Array(NetworkText(), {
    description:
      "Addresses and networks: the route is only for clients in one of them, by the address that the row has.",
    minItems: 1,
  }),
  create: (networks) => new ClientCondition(networks),
});

class ClientCondition implements Condition, Comparison {
  readonly text: string;
  readonly weight = 1;
  readonly subject = "the client's address";
  readonly #networks: readonly Network[];
  readonly #addresses: AddressSet;

  constructor(networks: readonly Network[]) {
    this.#networks = networks;
    this.#addresses = new AddressSet(networks);
    this.text = `the client is in ${networks.map(networkText).join(" or ")}`;
  }

  get comparison(): Comparison {
    return this;
  }

  accepts({ client }: RoutedRequest): boolean {
    return this.#addresses.has(client.address);
  }

  /** Networks that only together make up one of the other's are not recognized. */
  covers(other: Condition): boolean {
    return (
      other instanceof ClientCondition &&
      other.#networks.every((inner) => this.#networks.some((outer) => contains(outer, inner)))
    );
  }
}
