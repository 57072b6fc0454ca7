import { describe, expect, test } from "bun:test";
import { problemOf } from "../../support/ask.ts";
import { FakeClient } from "../proxy/sockets.ts";
import { world } from "./world.ts";

describe("a WebSocket", () => {
  const fields = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  test("is one exchange and one row, which comes at its end", async () => {
    const closed = Promise.withResolvers<void>();
    using backend = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("no")),
      websocket: { message: () => undefined, close: () => closed.resolve() },
    });
    const { ask, upgrades, tunnels, gateway, records, timeouts, clock } = world({
      config: `routes: [{ path: "/api/*", backends: ["http://127.0.0.1:${backend.port}"] }]`,
    });
    await ask("/api/chat", { headers: fields });
    expect(gateway.inFlight).toBe(1);
    expect(records).toEqual([]);
    // Until the backend has accepted; a WebSocket has its own idle timeout.
    expect(timeouts).toEqual([0]);
    const [socket] = upgrades;
    const client = new FakeClient();
    socket?.events.open(client);
    expect(tunnels.size).toBe(1);
    socket?.events.message("hello");
    clock.advance(1_500);
    socket?.events.close(1000, "");
    await gateway.whenIdle();
    expect(records).toMatchObject([
      { statusCode: 101, route: "/api/*", messagesIn: 1, bytesIn: 5, latencyMs: 1_500 },
    ]);
    expect(tunnels.size).toBe(0);
    await closed.promise;
  });

  // What limits a whole exchange limits streams too.
  test("ends when the whole exchange has taken too long", async () => {
    using backend = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("no")),
      websocket: { message: () => undefined },
    });
    const { ask, upgrades, clock, tunnels } = world({
      config: `routes: [{ path: "/api/*", backends: ["http://127.0.0.1:${backend.port}"],
        timeouts: { exchange: 3s } }]`,
    });
    await ask("/api/chat", { headers: fields });
    const client = new FakeClient();
    upgrades[0]?.events.open(client);
    clock.advance(3_000);
    const { size } = tunnels;
    upgrades[0]?.events.close(1000, "");
    expect(size).toBe(0);
  });

  test("of a version that is not understood is answered 426", async () => {
    const { ask, records, sent } = world();
    const headers = { ...fields, "sec-websocket-version": "8" };
    const response = await ask("/api/chat", { headers });
    expect(response.headers.get("sec-websocket-version")).toBe("13");
    expect(await problemOf(response)).toMatchObject({ status: 426, code: "websocket_version" });
    expect(records).toMatchObject([{ statusCode: 426 }]);
    expect(sent).toEqual([]);
  });

  test("of a page that may not open one reaches no backend", async () => {
    const { ask, records } = world({
      config: `routes: [{ path: "/api/*", backends: ["http://backend.test"],
        cors: { enabled: true, allowed_origins: ["http://shop.test"] } }]`,
    });
    const response = await ask("/api/chat", { headers: { ...fields, origin: "http://evil.test" } });
    expect(await problemOf(response)).toMatchObject({ status: 403, code: "origin_not_allowed" });
    expect(records).toMatchObject([{ statusCode: 403, attempts: 0, backend: "" }]);
  });
});
