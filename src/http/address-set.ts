import { isIP } from "node:net";
import { normalizeAddress } from "./address.ts";

/** A network, or an address as a network of one. */
export interface Network {
  readonly address: string;
  /** Bits that all of its addresses have in common. */
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/**
 * Reads an address or a network in CIDR notation; undefined if it is neither. A network of IPv4-mapped
 * addresses is one of IPv4, as such addresses are normalized to that. A zone ("fe80::1%eth0") means
 * something on one machine only, so none is read.
 */
export function parseNetwork(network: string): Network | undefined {
  const [written = "", length, ...rest] = network.split("/");
  const family = isIP(written);
  if (family === 0 || rest.length > 0 || written.includes("%")) return undefined;
  const longest = family === 6 ? 128 : 32;
  const prefix = length === undefined ? longest : Number(length);
  if (length !== undefined && (!/^[0-9]{1,3}$/.test(length) || prefix > longest)) return undefined;
  if (family === 4) return { address: written, prefix, family: "ipv4" };
  const address = normalizeAddress(written);
  return address.includes(":") || prefix < MAPPED
    ? { address: written, prefix, family: "ipv6" }
    : { address, prefix: prefix - MAPPED, family: "ipv4" };
}

/** The bits in front of the IPv4 address in an IPv4-mapped one. */
const MAPPED = 96;

/** As text, an address without the length of its prefix. */
export function networkText({ address, prefix, family }: Network): string {
  return prefix === (family === "ipv6" ? 128 : 32) ? address : `${address}/${prefix}`;
}

/** Whether a network has all addresses of another one. */
export function contains(outer: Network, inner: Network): boolean {
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    new AddressSet([outer]).has(inner.address)
  );
}

/**
 * A set of addresses and networks ("10.0.0.0/8", "2001:db8::/32", "192.0.2.7"). Searching takes as many
 * steps as the logarithm of its size, so it may be a list of all networks of a country.
 */
export class AddressSet {
  readonly #ranges: Readonly<Record<4 | 6, readonly Range[]>>;
  readonly #known = new Map<string, boolean>();
  readonly isEmpty: boolean;

  constructor(networks: readonly Network[]) {
    this.isEmpty = networks.length === 0;
    const ofFamily = (family: Network["family"]) =>
      merged(networks.filter((network) => network.family === family).map(rangeOf));
    this.#ranges = { 4: ofFamily("ipv4"), 6: ofFamily("ipv6") };
  }

  /** Takes a normalized address; a zone at its end does not matter. */
  has(address: string): boolean {
    if (this.isEmpty) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const found = this.#find(address);
    if (this.#known.size >= KNOWN_AT_MOST) this.#known.clear();
    this.#known.set(address, found);
    return found;
  }

  #find(address: string): boolean {
    const family = isIP(address);
    if (family !== 4 && family !== 6) return false;
    const bits = family === 4 ? bitsOfIpv4(address) : bitsOfIpv6(address);
    const ranges = this.#ranges[family];
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range !== undefined && range.first <= bits) low = middle + 1;
      else high = middle;
    }
    const before = ranges[low - 1];
    return before !== undefined && bits <= before.last;
  }
}

// A gateway sees the same few peers and clients repeatedly.
const KNOWN_AT_MOST = 1024;

/**
 * An address as text of one character for 16 bits, for which the order of texts is the order of
 * addresses.
 */
type Bits = string;

interface Range {
  readonly first: Bits;
  readonly last: Bits;
}

function bitsOfIpv4(address: string): Bits {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".", 4).map(Number);
  return String.fromCharCode(a * 256 + b, c * 256 + d);
}

function bitsOfIpv6(written: string): Bits {
  const [address = ""] = written.split("%", 1);
  const gap = address.indexOf("::");
  if (gap === -1) return groupBits(address);
  const before = groupBits(address.slice(0, gap));
  const after = groupBits(address.slice(gap + 2));
  return before + "\0".repeat(8 - before.length - after.length) + after;
}

function groupBits(groups: string): Bits {
  if (groups === "") return "";
  let bits = "";
  for (const group of groups.split(":")) {
    bits += group.includes(".")
      ? bitsOfIpv4(group)
      : String.fromCharCode(Number.parseInt(group, 16));
  }
  return bits;
}

/** Bits of the address after the prefix do not count. */
function rangeOf({ address, prefix, family }: Network): Range {
  const bits = family === "ipv4" ? bitsOfIpv4(address) : bitsOfIpv6(address);
  let first = "";
  let last = "";
  for (let at = 0; at < bits.length; at += 1) {
    const own = Math.min(16, Math.max(0, prefix - 16 * at));
    const rest = 0xff_ff >> own;
    const group = bits.charCodeAt(at);
    first += String.fromCharCode(group & ~rest);
    last += String.fromCharCode(group | rest);
  }
  return { first, last };
}

/** In order, without those that are in others. */
function merged(ranges: readonly Range[]): Range[] {
  const inOrder = ranges.toSorted((one, other) =>
    one.first === other.first
      ? Number(one.last < other.last) - Number(one.last > other.last)
      : Number(one.first > other.first) - Number(one.first < other.first),
  );
  const result: Range[] = [];
  for (const range of inOrder) {
    const before = result.at(-1);
    // Networks are in one another or have nothing in common.
    if (before === undefined || range.first > before.last) result.push(range);
  }
  return result;
}
