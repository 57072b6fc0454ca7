import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { Tunnels } from "../../../src/proxy/tunnel.ts";
import { checkHandshake, openTunnel } from "../../../src/proxy/websocket.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type RawRequest, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { openExchange } from "../pipeline/opening.ts";
import { rejection } from "./network.ts";
import { settingsWith } from "./settings.ts";
import { FakeClient } from "./sockets.ts";

const stage = createStage();

const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

describe("a handshake", () => {
  const check = (changes: Record<string, string>) => {
    const fields = Object.entries({ ...HANDSHAKE, ...changes }).filter(([, value]) => value !== "");
    return () => checkHandshake(new Request("http://gateway.test/", { headers: fields }));
  };

  test.each(["Upgrade", "upgrade", "keep-alive, Upgrade", "upgrade ,x"])(
    "with Connection: %s is whole",
    (connection) => {
      expect(check({ connection })).not.toThrow();
    },
  );

  test.each(["8", "12", "14", "13, 8", ""])(
    "for version %p is answered 426 with the version that is understood",
    (version) => {
      let thrown: unknown;
      try {
        check({ "sec-websocket-version": version })();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({
        code: "websocket_version",
        status: 426,
        fields: { upgrade: "websocket", "sec-websocket-version": "13" },
      });
    },
  );

  test.each([
    { connection: "keep-alive" },
    { connection: "xupgrade" },
    { connection: "" },
    { "sec-websocket-key": "" },
    { "sec-websocket-key": "short" },
    { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ" },
    { "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==" },
  ] as Record<string, string>[])("with %p is answered 400", (changes) => {
    expect(check(changes)).toThrow(
      new GatewayError("bad_request", "the WebSocket handshake is not complete"),
    );
  });

  test.each(["a, b", "a,,b", ", a ,", "v1.chat"])("that offers %p is whole", (offered) => {
    expect(check({ "sec-websocket-protocol": offered })).not.toThrow();
  });

  test.each(["a b", "a, a", "\u00e9", "a;b", '"a"'])(
    "that offers %p, which no backend could be asked for, is answered 400",
    (offered) => {
      expect(check({ "sec-websocket-protocol": offered })).toThrow(
        expect.objectContaining({ code: "bad_request" }),
      );
    },
  );
});

/** Agrees to a WebSocket as a backend does. */
function agree(request: RawRequest, ...fields: string[]): void {
  const accept = createHash("sha1")
    .update(`${request.all("sec-websocket-key")[0]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  request.send(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept}`,
      ...fields,
      "",
      "",
    ].join("\r\n"),
  );
}

function limited(clock: FakeClock) {
  const { timeouts } = settingsWith();
  const timeout = new RouteTimeoutSets(clock).of(timeouts).handshake;
  return { tls: undefined, idleTimeout: timeouts.idle, timeout, clock };
}

async function dialled(
  answer: (request: RawRequest) => void,
  { fields = {}, upgrades = true }: { fields?: Record<string, string>; upgrades?: boolean } = {},
) {
  const backend = await startRawBackend(stage, answer);
  const clock = new FakeClock();
  const cancellation = new Cancellation();
  const tunnels = new Tunnels();
  const client = new FakeClient();
  const upgraded: Headers[] = [];
  const exchange = openExchange({
    upgrade(_request, events, headers) {
      upgraded.push(headers);
      if (upgrades) events.open(client);
      return upgrades;
    },
  });
  const handshake = Object.entries(HANDSHAKE).filter(([name]) => name.startsWith("sec-"));
  const others = Object.entries({ cookie: "a=b", origin: "http://shop.test", ...fields });
  const url = `${backend.url.replace("http", "ws")}/chat?room=1`;
  const options = { ...limited(clock), cancellation, tunnels };
  stage.defer(() => {
    for (const tunnel of tunnels) tunnel.shut(1000, "");
  });
  const opened = openTunnel(exchange, url, [...handshake, ...others].flat(), options);
  return { backend, clock, cancellation, tunnels, client, upgraded, exchange, opened };
}

describe("a backend's WebSocket", () => {
  test("is asked for with the client's fields and a handshake of the gateway's own", async () => {
    const { backend, exchange, opened, upgraded, tunnels, clock } = await dialled(agree);
    await opened;
    const [request] = backend.requests;
    expect(request?.lines[0]).toBe("GET /chat?room=1 HTTP/1.1");
    expect(request?.all("cookie")).toEqual(["a=b"]);
    expect(request?.all("origin")).toEqual(["http://shop.test"]);
    expect(request?.all("sec-websocket-key")).toHaveLength(1);
    expect(request?.all("sec-websocket-key")).not.toEqual([HANDSHAKE["sec-websocket-key"]]);
    expect(request?.all("sec-websocket-version")).toEqual(["13"]);
    expect(exchange).toMatchObject({ status: 101, errorCode: undefined });
    expect(exchange.ended).toBeDefined();
    expect(upgraded.map((headers) => headers.get("x-request-id"))).toEqual(["request-1"]);
    expect(tunnels.size).toBe(1);
    for (const tunnel of tunnels) tunnel.shut(1000, "");
    expect(clock.pending).toBe(0);
  });

  test("carries messages both ways, also those that come at once", async () => {
    const { backend, client, tunnels, opened, exchange } = await dialled((request) => {
      agree(request);
      request.send("\x81\x02hi");
    });
    await opened;
    for (const tunnel of tunnels) tunnel.message("there");
    // A masked text frame of five bytes.
    await backend.requests[0]?.received("\x81\x85");
    backend.requests[0]?.send("\x88\x05\x10\xe1bye");
    await exchange.ended;
    expect(client.done).toEqual(["send hi", "close 4321 bye"]);
    expect(exchange).toMatchObject({ messagesIn: 1, bytesIn: 5, messagesOut: 1, bytesOut: 2 });
  });

  test("has the subprotocol that the backend chooses of those offered", async () => {
    const { backend, upgraded, opened } = await dialled(
      (request) => agree(request, "Sec-WebSocket-Protocol: b"),
      { fields: { "sec-websocket-protocol": "a, b,c" } },
    );
    await opened;
    expect(backend.requests[0]?.all("sec-websocket-protocol")[0]?.split(/, */)).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(upgraded.map((headers) => headers.get("sec-websocket-protocol"))).toEqual(["b"]);
  });

  test("has none when the backend chooses none, who is then asked again without", async () => {
    const { backend, upgraded, opened, exchange } = await dialled((request) => agree(request), {
      fields: { "sec-websocket-protocol": "a, b" },
    });
    await opened;
    expect(backend.requests.map((one) => one.all("sec-websocket-protocol").length)).toEqual([1, 0]);
    expect(upgraded[0]?.get("sec-websocket-protocol") ?? "").toBe("");
    expect(exchange.status).toBe(101);
  });

  test("is closed when the client's own handshake fails", async () => {
    const { backend, tunnels, opened, exchange } = await dialled(agree, { upgrades: false });
    expect(await rejection(opened)).toMatchObject({ code: "bad_request", status: 400 });
    // A masked close frame.
    await backend.requests[0]?.received("\x88");
    expect(tunnels.size).toBe(0);
    await exchange.ended;
  });
});

describe("a backend without a WebSocket", () => {
  test.each([301, 401, 403, 404, 500, 503, 599])("has its %i handed through", async (status) => {
    const { opened, clock } = await dialled((request) => {
      request.send(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
    expect(await rejection(opened)).toMatchObject({
      code: "websocket_refused",
      status,
      message: `the backend refused with status ${status}`,
    });
    expect(clock.pending).toBe(0);
  });

  test("that answers 200 has not understood, which is 502", async () => {
    const { opened } = await dialled((request) => {
      request.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    expect(await rejection(opened)).toMatchObject({ code: "backend_protocol_error", status: 502 });
  });

  test("that closes without a word is 502", async () => {
    const { opened, exchange } = await dialled((request) => request.end());
    expect(await rejection(opened)).toMatchObject({ code: "backend_connection_closed" });
    expect(exchange.ended).toBeUndefined();
  });

  test("whose port nobody listens on is 502", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const { port } = server;
    await server.stop(true);
    const failure = openTunnel(openExchange(), `ws://127.0.0.1:${port}/`, [], {
      ...limited(new FakeClock()),
      cancellation: new Cancellation(),
      tunnels: new Tunnels(),
    });
    expect(await rejection(failure)).toMatchObject({ code: "backend_unreachable", status: 502 });
  });

  test("that does not answer is 504 when its time is up", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { backend, clock, opened } = await dialled(() => resolve());
    const failure = rejection(opened);
    await asked;
    clock.advance(5_000);
    expect(await failure).toMatchObject({
      code: "backend_timeout",
      status: 504,
      message: "the backend did not accept the WebSocket within 5000 ms",
    });
    expect(clock.pending).toBe(0);
    await backend.requests[0]?.closed;
  });

  test("is let go of when the client leaves first", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { backend, cancellation, clock, opened } = await dialled(() => resolve());
    const failure = rejection(opened);
    await asked;
    const reason = new GatewayError("client_closed", "gone");
    cancellation.cancel(reason);
    expect(await failure).toBe(reason);
    expect(clock.pending).toBe(0);
    await backend.requests[0]?.closed;
  });
});
