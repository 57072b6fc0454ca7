import { describe, expect, test } from "bun:test";
import { FieldList } from "../../../src/http/field-list.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { answerUpgrade, requestedUpgrades } from "../../../src/proxy/upgrade.ts";
import { Tunnels } from "../../../src/proxy/tunnel/tunnel.ts";
import type { BackendAnswer } from "../../../src/transport/backend-answer.ts";
import { fieldsFrom } from "../../support/client-request.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { frame, opcodes } from "../../wire/frames.ts";
import { openExchange } from "../pipeline/opening.ts";
import { settingsWith } from "./settings.ts";
import { FakeChannel } from "./tunnel/fake-channel.ts";

const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

function requested(
  changes: Record<string, string>,
  { allowed, ...opening }: Parameters<typeof openExchange>[0] & { allowed?: string[] } = {},
): string | undefined {
  const fields = Object.entries({ ...HANDSHAKE, ...changes }).filter(([, value]) => value !== "");
  const exchange = openExchange({ ...opening, fields });
  return requestedUpgrades(exchange, allowed && new Set(allowed));
}

describe("a request", () => {
  test.each(["Upgrade", "upgrade", "keep-alive, Upgrade", "upgrade ,x"])(
    "with Connection: %s asks for an upgrade",
    (connection) => {
      expect(requested({ connection })).toBe("websocket");
    },
  );

  test.each(["keep-alive", "xupgrade", ""])("with Connection: %p asks for none", (connection) => {
    expect(requested({ connection })).toBeUndefined();
  });

  test("asks for what its route allows", () => {
    expect(requested({ upgrade: "tcp" }, { method: "POST" })).toBe("tcp");
    expect(requested({ upgrade: "tcp, websocket" }, { allowed: ["websocket"] })).toBe("websocket");
    expect(requested({ upgrade: "tcp" }, { allowed: ["websocket"] })).toBeUndefined();
    expect(requested({}, { allowed: [] })).toBeUndefined();
    expect(requested({ upgrade: "h2c" })).toBeUndefined();
  });

  test("asks for none in another version of HTTP, or for a WebSocket by another method", () => {
    expect(requested({}, { request: { protocol: "HTTP/1.0" } })).toBeUndefined();
    expect(requested({}, { method: "POST" })).toBeUndefined();
  });
});

describe("a WebSocket's handshake", () => {
  test.each(["8", "12", "14", "13, 8", ""])(
    "for version %p is answered 426 with the version that is understood",
    (version) => {
      const thrown = thrownBy(() => requested({ "sec-websocket-version": version }));
      expect(thrown).toMatchObject({
        code: "websocket_version",
        status: 426,
        fields: { upgrade: "websocket", "sec-websocket-version": "13" },
      });
    },
  );

  test.each([
    "",
    "short",
    "dGhlIHNhbXBsZSBub25jZQ",
    "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
  ])("with the key %p is answered 400", (key) => {
    expect(thrownBy(() => requested({ "sec-websocket-key": key }))).toEqual(
      new GatewayError("bad_request", "the WebSocket handshake is not complete"),
    );
  });

  test.each(["a, b", "a,,b", ", a ,", "v1.chat"])("that offers %p is whole", (offered) => {
    expect(requested({ "sec-websocket-protocol": offered })).toBe("websocket");
  });

  test.each(["a b", "a, a", "é", "a;b", '"a"'])("that offers %p is answered 400", (offered) => {
    const thrown = thrownBy(() => requested({ "sec-websocket-protocol": offered }));
    expect(thrown).toMatchObject({ code: "bad_request", status: 400 });
  });

  test("with blanks without end in its subprotocols is refused at once", () => {
    // In other than linear time this takes minutes.
    const offered = `a${" ".repeat(1_000_000)}b`;
    const thrown = thrownBy(() => requested({ "sec-websocket-protocol": offered }));
    expect(thrown).toMatchObject({ code: "bad_request" });
  });
});

function thrownBy(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A backend's answer, and what becomes of it. */
function answered(
  { asked = "websocket", status = 101, upgrade = "websocket", fields = {} } = {},
  exchange: Exchange = openExchange(),
) {
  const backend = new FakeChannel();
  const backendAnswer: BackendAnswer = {
    status,
    statusText: "Because",
    fields: new FieldList([...fieldsFrom(fields)]),
    content: undefined,
    channel: status === 101 ? backend : undefined,
    upgrade: status === 101 ? upgrade : null,
  };
  const tunnels = new Tunnels();
  const relay = {
    backendAnswer,
    settings: settingsWith(),
    clock: new FakeClock(),
    asked,
    tunnels,
  };
  const ring = { ended: 0, end: () => (ring.ended += 1) };
  exchange.held = ring;
  return { exchange, backend, tunnels, ring, answer: () => answerUpgrade(exchange, relay) };
}

describe("an answer to a request for an upgrade", () => {
  test("of 101 has the backend's fields, the gateway's own, and a tunnel", () => {
    const { answer, backend, tunnels, exchange } = answered({
      upgrade: "WebSocket",
      fields: { "set-cookie": "a", "content-length": "5", "sec-websocket-accept": "x" },
    });
    const { status, statusText, fields, tunnel } = answer();
    expect([status, statusText]).toEqual([101, "Because"]);
    expect(fields.list.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "set-cookie: a",
      "sec-websocket-accept: x",
      "via: 1.1 gateway",
      "x-request-id: request-1",
      "upgrade: WebSocket",
    ]);
    const client = new FakeChannel();
    tunnel?.(client);
    expect(tunnels.size).toBe(1);
    client.receives(frame(opcodes.text, "hello"));
    expect(backend.take()).toHaveLength(11);
    expect(exchange).toMatchObject({ messagesIn: 1, bytesIn: 5 });
  });

  test("of 101 to another protocol passes bytes without reading them", () => {
    const { answer, backend, exchange } = answered({ asked: "tcp, x", upgrade: "tcp" });
    const client = new FakeChannel();
    answer().tunnel?.(client);
    backend.receives("anything");
    expect(client.take().toString()).toBe("anything");
    expect(exchange).toMatchObject({ messagesOut: 0, bytesOut: 8 });
  });

  test.each([
    ["websocket", 401, "websocket_refused"],
    ["websocket", 302, "websocket_refused"],
    ["websocket", 200, undefined],
    ["tcp", 403, undefined],
  ] as const)("to %s of %i is passed on, with the code %p in the row", (asked, status, code) => {
    const { answer, exchange } = answered({ asked, status, fields: { "x-why": "because" } });
    const passedOn = answer();
    expect(passedOn).toMatchObject({ status, tunnel: undefined });
    expect(passedOn.fields.get("x-why")).toBe("because");
    expect(exchange.errorCode).toBe(code);
  });

  test("that reaches no client closes the backend's connection with the exchange", () => {
    const { answer, backend, exchange, ring } = answered();
    answer();
    exchange.ended();
    expect(backend.done).toEqual(["cut"]);
    expect(ring.ended).toBe(1);
  });

  test("leaves the connections to the tunnel once that is open", () => {
    const { answer, backend, exchange } = answered();
    answer().tunnel?.(new FakeChannel());
    exchange.ended();
    expect(backend.done).toEqual([]);
  });

  test("that comes after the exchange's cancellation opens nothing", () => {
    const reason = new GatewayError("client_closed", "gone");
    const { answer, backend, exchange } = answered();
    exchange.cancellation.cancel(reason);
    expect(thrownBy(answer)).toBe(reason);
    exchange.ended();
    expect(backend.done).toEqual(["cut"]);
  });

  test("has its tunnel ended by the exchange's cancellation", () => {
    const { answer, exchange, tunnels } = answered({ asked: "tcp", upgrade: "tcp" });
    const client = new FakeChannel();
    answer().tunnel?.(client);
    exchange.cancellation.cancel(new GatewayError("exchange_timeout", "too long"));
    expect(client.done).toEqual(["cut"]);
    expect(exchange.errorCode).toBe("exchange_timeout");
    expect(tunnels.size).toBe(0);
  });
});
