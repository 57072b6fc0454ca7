/** Normalizes an address: an IPv4-mapped IPv6 address, in any spelling, becomes IPv4. */
export function normalizeAddress(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^(?:::|(?:0{1,4}:){5})ffff:(.+)$/i.exec(address)?.[1];
  if (mapped === undefined) return address;
  if (mapped.includes(".")) return mapped;
  const [high = "", low = ""] = mapped.split(":").map((group) => group.padStart(4, "0"));
  const bytes = [high.slice(0, 2), high.slice(2), low.slice(0, 2), low.slice(2)];
  return bytes.map((byte) => Number.parseInt(byte, 16)).join(".");
}

/** Whether an address is a loopback address (127.0.0.0/8 or ::1). */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(address);
}

/** Whether a URL's host name leads to this machine only: localhost (RFC 6761 section 6.3) or an address. */
export function isLoopbackHost(name: string): boolean {
  return /^(?:.+\.)?localhost$/.test(name) || isLoopback(name.replace(/^\[|\]$/g, ""));
}

/**
 * What counts as one client by its address: an IPv4 address; of IPv6 the /64 network, because one
 * subscriber has all addresses below it, but each link-local address. All spellings of one network give
 * the same text.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(":") || /^fe80:/i.test(address)) return address;
  const gap = address.indexOf("::");
  const groups = (gap === -1 ? address : address.slice(0, gap)).split(":", 4);
  if (groups[0] === "") groups.pop();
  if (groups.length < 4) {
    const after = address.slice(gap + 2).split(":");
    // An embedded IPv4 address is written as one group and counts as two.
    const written = groups.length + after.length + (address.includes(".") ? 1 : 0);
    for (let missing = 8 - written; missing > 0; missing -= 1) groups.push("0");
    groups.push(...after);
  }
  return `${groups.slice(0, 4).map(plainGroup).join(":")}::/64`;
}

function plainGroup(group: string): string {
  return Number.parseInt(group, 16).toString(16);
}
