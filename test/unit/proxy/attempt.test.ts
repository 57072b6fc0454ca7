import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Attempt, type BackendRequest } from "../../../src/proxy/attempt.ts";
import { backendError } from "../../../src/proxy/backend-error.ts";
import { BreakOff } from "../../../src/proxy/break-off.ts";
import { type Fetch, fetchTransport } from "./fetch-transport.ts";
import { TimeLimitSets } from "../../../src/proxy/time-limits.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { fetchError, network, rejection, silence } from "./network.ts";
import { settingsWith } from "./settings.ts";

const stage = createStage();

const attempt = async (request: BackendRequest, fetch: Fetch) => {
  const answer = await new Attempt(request).sendBy(fetchTransport(fetch));
  return Object.assign(answer, { text: async () => Buffer.from(await answer.whole(0)).toString() });
};

function request(changes: Partial<BackendRequest> = {}, clock = new FakeClock()): BackendRequest {
  return {
    origin: "http://backend.test",
    target: "/a",
    method: "GET",
    fields: [],
    body: null,
    bodySent: undefined,
    timeLimit: new TimeLimitSets(clock).of(settingsWith().timeouts).response,
    tls: undefined,
    breakOff: new BreakOff(),
    ...changes,
  };
}

describe("an attempt", () => {
  test("sends the request as it is and follows, unpacks and detours nothing", async () => {
    const { fetch, sent } = network(() => new Response("hello"));
    const body = new Uint8Array([1, 2, 3]);
    const clock = new FakeClock();
    const response = await attempt(
      request({ method: "PUT", fields: ["x-a", "1", "user-agent", "curl"], body }, clock),
      fetch,
    );
    expect(await response.text()).toBe("hello");
    expect(sent[0]?.url).toBe("http://backend.test/a");
    expect(Object.fromEntries(sent[0]?.headers.entries() ?? [])).toEqual({
      "x-a": "1",
      "user-agent": "curl",
    });
    expect(sent[0]?.init).toMatchObject({
      method: "PUT",
      body,
      redirect: "manual",
      decompress: false,
      proxy: false,
    });
    expect(clock.pending).toBe(0);
  });

  test("that gets no header section in time is a backend timeout", async () => {
    const clock = new FakeClock();
    const { fetch, sent } = network(silence);
    const failure = rejection(attempt(request({}, clock), fetch));
    clock.advance(4_999);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    clock.advance(1);
    expect(await failure).toEqual(
      new GatewayError("backend_timeout", "the backend sent no answer within 5000 ms"),
    );
    expect(await failure).toMatchObject({ code: "backend_timeout" });
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("has no time limit once the header section is there", async () => {
    const clock = new FakeClock();
    const { fetch, sent } = network(() => new Response("slow content"));
    const response = await attempt(request({}, clock), fetch);
    clock.advance(3_600_000);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    expect(await response.text()).toBe("slow content");
  });

  test("ends when it is broken off, with the reason for that", async () => {
    const clock = new FakeClock();
    const breakOff = new BreakOff();
    const { fetch, sent } = network(silence);
    const failure = rejection(attempt(request({ breakOff }, clock), fetch));
    const reason = new GatewayError("client_closed", "gone");
    breakOff.because(reason);
    expect(await failure).toBe(reason);
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("can be broken off in the middle of the backend's content", async () => {
    const breakOff = new BreakOff();
    const { fetch, sent } = network(() => new Response("x"));
    await attempt(request({ breakOff }), fetch);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    breakOff.because(new GatewayError("client_closed", "gone"));
    expect(sent[0]?.init.signal?.aborted).toBe(true);
  });

  test("waits for an answer from the end of the upload on", async () => {
    const clock = new FakeClock();
    const { promise: bodySent, resolve } = Promise.withResolvers<void>();
    const { fetch, sent } = network(silence);
    const failure = rejection(attempt(request({ bodySent }, clock), fetch));
    clock.advance(3_600_000);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    resolve();
    await bodySent;
    clock.advance(4_999);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    clock.advance(1);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
  });

  test("that is answered before the upload's end has no time limit any more", async () => {
    const clock = new FakeClock();
    const { promise: bodySent, resolve } = Promise.withResolvers<void>();
    const { fetch } = network(() => new Response("early"));
    await attempt(request({ bodySent }, clock), fetch);
    resolve();
    await bodySent;
    await Promise.resolve();
    expect(clock.pending).toBe(0);
  });

  test("says how TLS is done only where that is settled", async () => {
    const { fetch, sent } = network(() => new Response("x"));
    const tls = { rejectUnauthorized: false };
    await attempt(request(), fetch);
    await attempt(request({ tls }), fetch);
    expect(sent.map(({ init }) => init.tls)).toEqual([undefined, tls]);
    expect(sent[0]?.init).not.toHaveProperty("tls");
  });

  test("passes on what the request's own content says is wrong", async () => {
    const tooLarge = new GatewayError("body_too_large", "over 3 bytes");
    const { fetch } = network(() => Promise.reject(tooLarge));
    expect(await rejection(attempt(request(), fetch))).toBe(tooLarge);
  });

  test("keeps the error of fetch as the cause", async () => {
    const cause = fetchError("ECONNRESET");
    const { fetch } = network(() => Promise.reject(cause));
    expect(await rejection(attempt(request(), fetch))).toMatchObject({
      code: "backend_connection_closed",
      cause,
    });
  });
});

test("a mistake of the gateway's own is told as what it is", async () => {
  const mistake = new TypeError("undefined is not a function");
  const { fetch } = network(() => Promise.reject(mistake));
  expect(await rejection(attempt(request(), fetch))).toBe(mistake);
});

describe("an error of fetch", () => {
  test.each([
    ["ECONNREFUSED", "backend_unreachable"],
    ["ConnectionRefused", "backend_unreachable"],
    ["ENETUNREACH", "backend_unreachable"],
    ["EHOSTUNREACH", "backend_unreachable"],
    ["ETIMEDOUT", "backend_unreachable"],
    ["FailedToOpenSocket", "backend_unreachable"],
    ["ENOTFOUND", "backend_name_not_resolved"],
    ["ECONNRESET", "backend_connection_closed"],
    ["ConnectionClosed", "backend_connection_closed"],
    ["EPIPE", "backend_connection_closed"],
    ["EPROTO", "backend_tls_failed"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "backend_tls_failed"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "backend_tls_failed"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "backend_tls_failed"],
    ["InvalidHTTPResponse", "backend_protocol_error"],
    ["HeadersOverflow", "backend_protocol_error"],
    ["InvalidChunkSize", "backend_protocol_error"],
    ["SomethingElse", "backend_unreachable"],
  ] as const)("with the code %s means %s, and its own words stay inside", (code, meaning) => {
    const error = backendError(fetchError(code));
    expect(error.code).toBe(meaning);
    expect(error.message).not.toContain("secret");
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "text"],
    ["an error without a code", new Error("x")],
    ["a code that is no text", { code: 7 }],
  ])("that is %s means that the backend could not be reached", (_name, thrown) => {
    const { code, message, cause } = backendError(thrown);
    expect({ code, message, cause }).toEqual({
      code: "backend_unreachable",
      message: "the backend could not be reached",
      cause: thrown,
    });
  });
});

describe("over a real connection", () => {
  const send = (url: string) => attempt(request({ origin: new URL(url).origin }), globalThis.fetch);

  test("a port that nobody listens on is an unreachable backend", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const url = server.url.href;
    await server.stop(true);
    expect(await rejection(send(url))).toMatchObject({ code: "backend_unreachable" });
  });

  test("a connection that closes without an answer is told as such", async () => {
    const { url } = await startRawBackend(stage, (request) => request.end());
    expect(await rejection(send(url))).toMatchObject({ code: "backend_connection_closed" });
  });

  test("a redirect is the client's to follow", async () => {
    const { url } = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    });
    const answer = await send(url);
    expect(answer.status).toBe(302);
    expect(answer.fields.get("location")).toBe("/b");
  });
});
