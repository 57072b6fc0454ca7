const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;
const PROXY_V1 = Buffer.from("PROXY ", "latin1");
/** Version 2 begins with two empty lines, which are skipped before a request. */
const PROXY_V2 = Buffer.from("\0\r\nQUIT\n", "latin1");

/**
 * What the bytes from `start` on are if they are no request of HTTP, but a known beginning of something
 * else that is often sent to the wrong port; undefined if they are not.
 */
export function otherProtocol(bytes: Uint8Array, start: number): string | undefined {
  if (bytes[start] === TLS_HANDSHAKE && bytes[start + 1] === TLS_MAJOR) {
    return "a TLS handshake on a port that speaks plain HTTP; use http://, or the port of `server.tls`";
  }
  if (!beginsWith(PROXY_V1, bytes, start) && !beginsWith(PROXY_V2, bytes, start)) return undefined;
  return "a PROXY header from a peer that is not listed in `server.proxy_protocol`";
}

function beginsWith(text: Buffer, bytes: Uint8Array, start: number): boolean {
  return text.equals(bytes.subarray(start, start + text.length));
}
