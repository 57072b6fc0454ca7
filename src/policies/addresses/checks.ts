import { contains, type Network, networkText } from "../../http/address-set.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";

/** What is probably not meant in a list of allowed networks. */
export function checkAllowed(networks: readonly Network[]): ConfigIssue[] {
  return networks.flatMap((network, index) =>
    warning(index, everyoneProblem(network, "admits") ?? looseBits(network)),
  );
}

/** The same for denied ones. */
export function checkDenied(networks: readonly Network[]): ConfigIssue[] {
  return networks.flatMap((network, index) =>
    warning(index, everyoneProblem(network, "refuses") ?? looseBits(network)),
  );
}

/** Finds what is allowed in vain, because it is denied as well. */
export function checkAgainstDenied(
  allowed: readonly Network[],
  denied: readonly Network[],
): ConfigIssue[] {
  return allowed.flatMap((network, index) => {
    const outer = denied.find((other) => contains(other, network));
    return warning(
      index,
      outer &&
        `${networkText(network)} is never admitted: \`deny\` has ${networkText(outer)}, and wins`,
    );
  });
}

function warning(index: number, message: string | undefined): ConfigIssue[] {
  return message === undefined ? [] : [{ path: [index], message, severity: "warning" }];
}

function everyoneProblem({ prefix, family }: Network, verb: string): string | undefined {
  if (prefix > 0) return undefined;
  const [own, other] = family === "ipv4" ? ["IPv4", "IPv6"] : ["IPv6", "IPv4"];
  const remedy =
    verb === "admits"
      ? "to serve everyone, leave `allow` out or write `false`"
      : "to serve only some, list them in `allow` and leave this out";
  return `this ${verb} every ${own} address and no ${other} one; ${remedy}`;
}

/** An address with a prefix that is shorter than what it has of the address. */
function looseBits(network: Network): string | undefined {
  const first = firstOf(network);
  if (first === undefined) return undefined;
  return `${networkText(network)} is the network ${first}/${network.prefix}, of which this is one address; write one of the two`;
}

/** The first address of an IPv4 network, if it is written by another one. */
function firstOf({ address, prefix, family }: Network): string | undefined {
  if (family === "ipv6") return undefined;
  const bytes = address.split(".").map((byte, at) => {
    const own = Math.min(8, Math.max(0, prefix - 8 * at));
    return Number(byte) & ~(0xff >> own);
  });
  const first = bytes.join(".");
  return first === address ? undefined : first;
}
