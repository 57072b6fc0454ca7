import { Type } from "@sinclair/typebox";
import { type Network, parseNetwork } from "../http/address.ts";

/** The schema of an address or a network in CIDR notation. */
export function NetworkText() {
  return Type.Transform(
    Type.String({ expected: "an address or a network, like 10.0.0.0/8 or 2001:db8::1" }),
  )
    .Decode(readNetwork)
    .Encode(({ address, prefix }) => `${address}/${prefix}`);
}

function readNetwork(written: string): Network {
  const network = parseNetwork(written);
  if (network !== undefined) return network;
  throw new Error(
    `\`${written}\` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1`,
  );
}
