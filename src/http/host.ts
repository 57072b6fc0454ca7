import { isIPv6 } from "node:net";

/** Names and IPv4 addresses of everyday use, decided by one expression. */
const EVERYDAY = /^[A-Za-z0-9._~-]+(?::(?:[0-9]{1,4}|[1-5][0-9]{4}))?$/;
const PARTS = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~!$&'()*+,;=%-]+))(?::([0-9]{0,5}))?$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/**
 * Escapes of characters that would end a host or a line, or pass for another part of a URL: controls,
 * blanks and `"#%/:<>?@[\]^|`, the forbidden code points of the WHATWG URL standard.
 */
const FORBIDDEN_ESCAPE = /%(?:[01].|2[0235F]|3[ACEF]|40|5[B-E]|7[CF])/i;
const HIGHEST_PORT = 65_535;

/**
 * Whether a Host field holds one host with an optional port, which may be empty (RFC 9110 section 7.2,
 * RFC 3986 section 3.2.2). Zones of IPv6 addresses and literals of future versions are not accepted.
 */
export function isValidHost(host: string): boolean {
  return EVERYDAY.test(host) || isRareHost(host);
}

function isRareHost(host: string): boolean {
  const [matched, ipv6, name = "", port = ""] = PARTS.exec(host) ?? [];
  if (matched === undefined || Number(port) > HIGHEST_PORT) return false;
  if (ipv6 !== undefined) return isIPv6(ipv6);
  return !name.includes("%") || (!BAD_ESCAPE.test(name) && !FORBIDDEN_ESCAPE.test(name));
}

/** A valid host without the ":" of an empty port, which means the same (RFC 3986 section 6.2.3). */
export function withoutEmptyPort(host: string): string {
  return host.endsWith(":") ? host.slice(0, -1) : host;
}

/** The host part of a Host field: without port, IPv6 without brackets. */
export function hostName(host: string): string {
  if (host.startsWith("[")) return host.slice(1, host.indexOf("]"));
  const colon = host.indexOf(":");
  return colon === -1 ? host : host.slice(0, colon);
}

/** The port in a Host field; undefined without one. */
export function hostPort(host: string): number | undefined {
  const written = /:([0-9]{1,5})$/.exec(host)?.[1];
  return written === undefined ? undefined : Number(written);
}
