import { describe, expect, test } from "bun:test";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import {
  answerLastHop,
  backendFields,
  refuseDiscardedContent,
  requestContent,
} from "../../../src/proxy/request.ts";
import { TimeLimitSets } from "../../../src/proxy/time-limits.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { drip, rejection, turn } from "./network.ts";
import { type Changes, settingsWith } from "./settings.ts";

/** The fields that a backend gets for a request with these. */
function prepared(
  fields: Record<string, string>,
  client: Opening["client"] = {},
  changes: Changes = {},
) {
  const exchange = openExchange({ fields, client });
  return asRecord(backendFields(exchange, settingsWith(changes)));
}

/** Fields by name; one that is there twice fails. */
function asRecord(fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < fields.length; at += 2) {
    const [name = "", value = ""] = fields.slice(at, at + 2);
    expect(record).not.toHaveProperty([name]);
    record[name] = value;
  }
  return record;
}

const added = {
  host: "gateway.test",
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-proto": "http",
  "x-forwarded-host": "gateway.test",
  "x-real-ip": "192.0.2.1",
  "x-request-id": "request-1",
  via: "1.1 gateway",
};

const claimed = {
  forwarded: "for=203.0.113.9",
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-host": "shop.test",
  "x-forwarded-port": "8443",
  "x-forwarded-proto": "https",
  "x-real-ip": "203.0.113.9",
};

describe("the fields for the backend", () => {
  test("say who asked, for what, and through whom", () => {
    expect(prepared({ "x-mine": "1" })).toEqual({ ...added, "x-mine": "1" });
  });

  test("hold nothing that was for this connection only, nor Expect", () => {
    expect(
      prepared({
        connection: "keep-alive, x-mine",
        "x-mine": "1",
        "keep-alive": "timeout=5",
        te: "trailers",
        "transfer-encoding": "chunked",
        upgrade: "websocket",
        expect: "100-continue",
      }),
    ).toEqual(added);
  });

  test("do not hold what a client claims about itself", () => {
    expect(prepared({ ...claimed, "x-request-id": "mine" })).toEqual(added);
  });

  test("hold what a trusted proxy says, with the proxy behind it", () => {
    const client = { peer: "10.0.0.1", address: "203.0.113.9", viaTrustedProxy: true };
    expect(prepared(claimed, client)).toEqual({
      ...added,
      ...claimed,
      "x-forwarded-for": "203.0.113.9, 10.0.0.1",
    });
  });

  test("name scheme and host for a trusted proxy that says nothing of them", () => {
    const client = { peer: "10.0.0.1", protocol: "https", viaTrustedProxy: true } as const;
    expect(prepared({}, client)).toMatchObject({
      "x-forwarded-proto": "https",
      "x-forwarded-host": "gateway.test",
    });
  });

  test("keep the proxies in Via, whoever they are", () => {
    expect(prepared({ via: "1.0 fred" })["via"]).toBe("1.0 fred, 1.1 gateway");
  });

  test("cannot lose what the gateway adds to a Connection field that names it", () => {
    const names = [...Object.keys(added), "user-agent"].join(", ");
    expect(prepared({ connection: names, "user-agent": "curl", ...claimed })).toEqual(added);
    const client = { peer: "192.0.2.1", viaTrustedProxy: true };
    expect(prepared({ connection: names, ...claimed }, client)).toEqual({
      ...added,
      forwarded: claimed.forwarded,
      "x-forwarded-port": claimed["x-forwarded-port"],
    });
  });

  test("have no X-Forwarded-Host for an HTTP/1.0 request without Host", () => {
    const exchange = openExchange({ host: null });
    const fields = asRecord(backendFields(exchange, settingsWith({ sendForwarded: true })));
    expect(fields).not.toHaveProperty("x-forwarded-host");
    expect(fields["forwarded"]).toBe("for=192.0.2.1;proto=http");
  });

  test("hold the client's User-Agent, and none where it sent none", () => {
    expect(prepared({ "user-agent": "curl/8.0" })["user-agent"]).toBe("curl/8.0");
    expect(prepared({})).not.toHaveProperty("user-agent");
  });

  test("leave Host to the backend's own where the route says so", () => {
    const fields = prepared({}, {}, { preserveHost: false });
    expect(fields).not.toHaveProperty("host");
    expect(fields["x-forwarded-host"]).toBe("gateway.test");
  });

  test("leave the request as it came", () => {
    const exchange = openExchange({ fields: { upgrade: "websocket", connection: "upgrade" } });
    backendFields(exchange, settingsWith());
    expect(exchange.request.headers.get("upgrade")).toBe("websocket");
    expect(exchange.request.headers.has("via")).toBe(false);
  });

  test("hold Forwarded where that is wanted, in place of what a client claims", () => {
    const { forwarded } = prepared(claimed, {}, { sendForwarded: true });
    expect(forwarded).toBe('for=192.0.2.1;host="gateway.test";proto=http');
  });

  test("hold Forwarded behind what a trusted proxy says", () => {
    const client = { peer: "2001:db8::1", protocol: "https", viaTrustedProxy: true } as const;
    const { forwarded } = prepared(claimed, client, { sendForwarded: true });
    expect(forwarded).toBe('for=203.0.113.9, for="[2001:db8::1]";host="gateway.test";proto=https');
  });
});

describe("Max-Forwards", () => {
  const options = (value: string, method = "OPTIONS") =>
    openExchange({ method, fields: { "max-forwards": value } });
  const sentMaxForwards = (exchange: Exchange) =>
    asRecord(backendFields(exchange, settingsWith()))["max-forwards"];

  test("of an OPTIONS request is one less for the backend", () => {
    const exchange = options("3");
    expect(answerLastHop(exchange)).toBeUndefined();
    expect(sentMaxForwards(exchange)).toBe("2");
  });

  test("of 0 has the gateway answer an OPTIONS request itself", () => {
    expect(answerLastHop(options("0"))?.status).toBe(204);
    expect(answerLastHop(options("00"))?.status).toBe(204);
  });

  test.each(["", "-1", "many", "1.5", "12345678901"])("that is %p is passed on", (value) => {
    const exchange = options(value);
    expect(answerLastHop(exchange)).toBeUndefined();
    expect(sentMaxForwards(exchange)).toBe(value);
  });

  test("means nothing to other methods, and need not be there", () => {
    const exchange = options("0", "GET");
    expect(answerLastHop(exchange)).toBeUndefined();
    expect(sentMaxForwards(exchange)).toBe("0");
    expect(answerLastHop(openExchange({ method: "OPTIONS" }))).toBeUndefined();
  });
});

describe("content of a GET or HEAD request", () => {
  test.each([{ "content-length": "3" }, { "transfer-encoding": "chunked" }] as Record<
    string,
    string
  >[])("is refused: %p", async (fields) => {
    for (const method of ["GET", "HEAD"]) {
      expect(() => refuseDiscardedContent(openExchange({ method, fields }))).toThrow(
        `a ${method} request with content is not forwarded; send it as POST, or as QUERY`,
      );
    }
  });

  test("that is empty is no content, and its length is not passed on", () => {
    const exchange = openExchange({ fields: { "content-length": "0" } });
    refuseDiscardedContent(exchange);
    expect(asRecord(backendFields(exchange, settingsWith()))).not.toHaveProperty("content-length");
  });

  test("is no matter where there is none, nor for other methods", () => {
    refuseDiscardedContent(openExchange());
    refuseDiscardedContent(openExchange({ method: "QUERY", fields: { "content-length": "3" } }));
  });
});

describe("a request's content", () => {
  const read = async (
    exchange: Exchange,
    clock = new FakeClock(),
    cancellation = new Cancellation(),
  ) => {
    const settings = settingsWith();
    const limits = new TimeLimitSets(clock).of(settings.timeouts);
    return requestContent(exchange, settings, limits, cancellation, clock);
  };
  const open = (fields: Record<string, string>, body?: Opening["body"], method = "POST") =>
    openExchange({ method, fields, ...(body === undefined ? {} : { body }) });
  const chunked = { "transfer-encoding": "chunked" };

  test("of GET and HEAD is none", async () => {
    const none = { body: null, sent: undefined };
    expect(await read(open({}, undefined, "GET"))).toEqual(none);
    expect(await read(open({}, undefined, "HEAD"))).toEqual(none);
  });

  test("is none without Content-Length and Transfer-Encoding", async () => {
    expect(await read(open({}))).toEqual({ body: null, sent: undefined });
    expect(await read(open(chunked))).toEqual({ body: null, sent: undefined });
  });

  test("of no bytes is still content, so that its length is sent", async () => {
    expect(await read(open({ "content-length": "0" }))).toEqual({
      body: new Uint8Array(0),
      sent: undefined,
    });
  });

  test("that is small is read whole and counted", async () => {
    const clock = new FakeClock();
    const exchange = open({ "content-length": "5" }, "hello");
    expect(await read(exchange, clock)).toEqual({
      body: new TextEncoder().encode("hello"),
      sent: undefined,
    });
    expect(exchange.bytesIn).toBe(5);
    expect(clock.pending).toBe(0);
  });

  test("that is small and slow is answered 408 when time is up", async () => {
    const clock = new FakeClock();
    const source = drip();
    const exchange = open({ "content-length": "5" }, source.stream);
    const failure = rejection(read(exchange, clock));
    source.chunk(3);
    clock.advance(999);
    await Promise.resolve();
    clock.advance(1);
    expect(await failure).toMatchObject({
      code: "request_timeout",
      message: "the request's content took longer than 1000 ms",
    });
    expect(clock.pending).toBe(0);
    source.break(new Error("the connection is gone"));
  });

  test("that breaks off was broken off by the client", async () => {
    const clock = new FakeClock();
    const source = drip();
    const failure = rejection(read(open({ "content-length": "5" }, source.stream), clock));
    const cause = new Error("reset");
    source.break(cause);
    expect(await failure).toMatchObject({
      code: "client_closed",
      message: "the client left before its content had arrived",
      cause,
    });
    expect(clock.pending).toBe(0);
  });

  test("that is declared too large is refused before any of it is read", async () => {
    const source = drip();
    const exchange = open({ "content-length": "100001" }, source.stream);
    expect(await rejection(read(exchange))).toMatchObject({
      code: "body_too_large",
      message: "the request's content is over 100000 bytes",
    });
    expect(exchange.bytesIn).toBe(0);
  });

  /** A request whose content comes in pieces, and the stream that the backend is sent. */
  async function uploading(fields: Record<string, string> = chunked) {
    const source = drip();
    const clock = new FakeClock();
    const cancellation = new Cancellation();
    const exchange = open(fields, source.stream);
    const { body, sent } = await read(exchange, clock, cancellation);
    if (!(body instanceof ReadableStream)) throw new Error("this was expected to be a stream");
    const state = { sent: false };
    void sent?.then(() => (state.sent = true));
    return { source, clock, cancellation, exchange, state, reader: body.getReader() };
  }

  test("that is large is passed on as it comes, and counted", async () => {
    const { source, clock, exchange, state, reader } = await uploading({
      "content-length": "100000",
    });
    source.chunk(60_000);
    await reader.read();
    expect(exchange.bytesIn).toBe(60_000);
    source.chunk(40_000);
    await reader.read();
    expect(state.sent).toBe(false);
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(exchange.bytesIn).toBe(100_000);
    expect(state.sent).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("of unknown length breaks as soon as it is too large, and the attempt with it", async () => {
    const { source, clock, cancellation, state, reader } = await uploading();
    source.chunk(100_000);
    await reader.read();
    source.chunk(1);
    await rejection(reader.read());
    expect(cancellation.reason).toMatchObject({ code: "body_too_large", status: 413 });
    expect(state.sent).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test("that is passed on may take for ever while it moves", async () => {
    const { source, clock, cancellation, reader } = await uploading();
    for (let chunk = 0; chunk < 20; chunk += 1) {
      const reading = reader.read();
      await turn();
      clock.advance(999);
      source.chunk(1);
      await reading;
    }
    expect(cancellation.reason).toBeUndefined();
    await reader.cancel();
  });

  test("that stops coming is the client's fault", async () => {
    const { source, clock, cancellation, reader } = await uploading();
    source.chunk(1);
    await reader.read();
    const failure = rejection(reader.read());
    await turn();
    clock.advance(1_000);
    expect(cancellation.reason).toMatchObject({
      code: "request_timeout",
      status: 408,
      message: "nothing of the request's content came for 1000 ms",
    });
    await failure;
  });

  test("that the backend does not take is the backend's fault", async () => {
    const { source, clock, cancellation, reader } = await uploading();
    source.chunk(1);
    await reader.read();
    source.chunk(1);
    clock.advance(1_000);
    expect(cancellation.reason).toMatchObject({
      code: "backend_stalled",
      status: 504,
      message: "the backend took nothing of the request's content for 1000 ms",
    });
    await rejection(reader.read());
  });
});
