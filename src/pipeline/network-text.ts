import { Type } from "@sinclair/typebox";
import { type Network, parseNetwork } from "../http/address-set.ts";

/**
 * The schema of an address or a network in CIDR notation. `advice` says what to write in place of a text
 * that is neither, in the words of its place.
 */
export function NetworkText(advice?: (written: string) => string | undefined) {
  return Type.Transform(
    Type.String({ expected: "an address or a network, like 10.0.0.0/8 or 2001:db8::1" }),
  )
    .Decode((written): Network => {
      const network = parseNetwork(written);
      if (network !== undefined) return network;
      const remedy = advice?.(written);
      throw new Error(
        remedy === undefined ? problemOf(written) : `${problemOf(written)}; ${remedy}`,
      );
    })
    .Encode(({ address, prefix }) => `${address}/${prefix}`);
}

function problemOf(written: string): string {
  if (written.includes("%")) {
    return `\`${written}\` has a zone, which only one machine knows; write the address without it`;
  }
  const problem = `\`${written}\` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1`;
  if (/^localhost$/i.test(written)) return `${problem}; write 127.0.0.0/8 and ::1`;
  if (/^[0-9.]+ ?- ?[0-9.]+$/.test(written)) {
    return `${problem}; a range is written as networks, like 10.0.0.0/29`;
  }
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]+$/i.test(written)
    ? `${problem}; names are not looked up`
    : problem;
}
