// A reg-name may contain only the characters of names and addresses. RFC 3986 also allows
// percent-encoding and sub-delims, among them the comma that joins two Host fields into one.
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/** Whether a Host field holds one host with an optional port (RFC 9110 section 7.2). */
export function isValidHost(host: string): boolean {
  return HOST.test(host);
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
