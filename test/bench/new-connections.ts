import { SERVER_NAME } from "./certificate.ts";
import { median } from "./median.ts";
import type { LoadResult } from "./wrk.ts";

interface Client {
  readonly started: number;
  isAnswered: boolean;
}

/**
 * Opens a TLS connection for each request, and the next one once the last has been answered. wrk would
 * resume its first session on all further connections, which spares the handshake's signature.
 */
export async function connectAnew(
  port: number,
  path: string,
  { atATime, seconds }: { readonly atATime: number; readonly seconds: number },
): Promise<LoadResult> {
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const times: number[] = [];
  let bytes = 0;
  let failures = 0;
  let open = 0;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const started = performance.now();
  const connect = () => {
    if (performance.now() - started >= seconds * 1000) {
      if (open === 0) resolve();
      return;
    }
    open += 1;
    const data: Client = { started: performance.now(), isAnswered: false };
    const options = { hostname: "127.0.0.1", port, data, socket: handler };
    const tls = { rejectUnauthorized: false, serverName: SERVER_NAME };
    Bun.connect<Client>({ ...options, tls }).catch(closed);
  };
  const closed = () => {
    open -= 1;
    connect();
  };
  const handler: Bun.SocketHandler<Client> = {
    handshake(socket) {
      socket.write(request);
    },
    // The answer is small, so that it arrives in one piece.
    data(socket, received) {
      const { data } = socket;
      if (data.isAnswered) return;
      data.isAnswered = true;
      bytes += received.length;
      if (!received.subarray(0, 12).equals(OK)) failures += 1;
      times.push((performance.now() - data.started) * 1000);
      socket.end();
    },
    close({ data }) {
      if (!data.isAnswered) failures += 1;
      closed();
    },
  };
  for (let place = 0; place < atATime; place += 1) connect();
  await over;
  times.sort((a, b) => a - b);
  return {
    requests: times.length,
    seconds: (performance.now() - started) / 1000,
    bytes,
    failures,
    p50: median(times),
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    max: times.at(-1) ?? Number.NaN,
  };
}

const OK = Buffer.from("HTTP/1.1 200");
