import { type Context, same } from "./case.ts";
import { acceptFor } from "./frames.ts";

/** The example of RFC 6455 section 1.3. */
export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** The fields of an opening handshake. */
export function upgrade(): string[] {
  return [
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
  ];
}

/** Opens a WebSocket through the proxy: the client has its 101, the backend its connection. */
export async function open(
  { connect, request, backend }: Context,
  fields: readonly string[] = [],
  accepted: readonly string[] = [],
  behind = "",
) {
  backend.script = (seen) => {
    seen.takeOver();
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${acceptFor(seen.head.joined("sec-websocket-key"))}`,
      ...accepted,
    ];
    return seen.send(`${lines.join("\r\n")}\r\n\r\n${behind}`);
  };
  const came = backend.next();
  const client = await connect();
  await client.send(request({ fields: [...upgrade(), ...fields] }));
  const { head, status } = await client.head();
  same(status, 101, "status");
  return { client, head, seen: await came };
}
