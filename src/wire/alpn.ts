/** Names of protocols, in order of preference, as ALPN lists them (RFC 7301 section 3.1). */
export function protocolList(names: readonly string[]): Buffer {
  return Buffer.concat(
    names.map((name) => Buffer.from(`${String.fromCharCode(name.length)}${name}`)),
  );
}
