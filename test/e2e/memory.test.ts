import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { ask } from "../support/ask.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { growthUntilStuck, hasProc, pidOf } from "../support/proc.ts";
import { message } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";
import { Client } from "../wire/client.ts";

const stage = createStage();
const MOST_GROWTH = 16 * 1024 * 1024;
const STUCK_BYTES = 100e6;
const PIECE = Buffer.alloc(64 * 1024, "x");

/** A gateway that has carried content before, so that one-time memory is not counted. */
async function startWarm(backend: string): Promise<GatewayProcess> {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    server: { max_body_size: "1GB" },
    routes: [
      { path: "/stuck/*", backends: [backend] },
      { path: "/*", backends: [mock.url] },
    ],
  });
  for (let sent = 0; sent < 3; sent += 1) {
    const answer = await ask(`${gateway.url}/bytes/20MB`);
    expect(await answer.bytes()).toHaveLength(20e6);
  }
  return gateway;
}

/** A backend that calls back at the first bytes of each connection. */
function listen(
  onRequest: (send: (bytes: string | Buffer) => Promise<void>, pause: () => void) => void,
) {
  const server = createServer((socket) => {
    stage.defer(() => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("data", () =>
      onRequest(
        (bytes) =>
          new Promise((resolve) => {
            socket.write(bytes, () => resolve());
          }),
        () => socket.pause(),
      ),
    );
  });
  stage.defer(() => server.close());
  return new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object") resolve(`http://127.0.0.1:${address?.port}`);
    });
  });
}

test.skipIf(!hasProc)(
  "100 MB that a client does not read take up less than 16 MB in the gateway",
  async () => {
    let moved = 0;
    const backend = await listen((send) => {
      const answer = async () => {
        await send(`HTTP/1.1 200 OK\r\nContent-Length: ${STUCK_BYTES}\r\n\r\n`);
        while (moved < STUCK_BYTES) {
          await send(PIECE);
          moved += PIECE.length;
        }
      };
      void answer();
    });
    const gateway = await startWarm(backend);
    const client = await Client.connect("127.0.0.1", gateway.port, 10_000);
    stage.defer(() => client.close());
    await client.send(message(["GET /stuck/down HTTP/1.1", "Host: gateway"]));
    await client.incoming.until("\r\n\r\n");
    client.pause();

    const growth = await growthUntilStuck(pidOf(gateway), () => moved);

    expect(growth).toBeLessThan(MOST_GROWTH);
    expect(moved).toBeLessThan(STUCK_BYTES);
  },
);

test.skipIf(!hasProc)(
  "100 MB that a backend does not read take up less than 16 MB in the gateway",
  async () => {
    const arrived = Promise.withResolvers<void>();
    const backend = await listen((_, pause) => {
      pause();
      arrived.resolve();
    });
    const gateway = await startWarm(backend);
    const client = await Client.connect("127.0.0.1", gateway.port, 10_000);
    stage.defer(() => client.close());
    let moved = 0;
    const upload = async () => {
      const length = `Content-Length: ${STUCK_BYTES}`;
      await client.send(message(["POST /stuck/up HTTP/1.1", "Host: gateway", length]));
      while (moved < STUCK_BYTES) {
        await client.send(PIECE);
        moved += PIECE.length;
      }
    };
    void upload();
    await arrived.promise;

    const growth = await growthUntilStuck(pidOf(gateway), () => moved);

    expect(growth).toBeLessThan(MOST_GROWTH);
    expect(moved).toBeLessThan(STUCK_BYTES);
  },
);
