import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { Attempt, type BackendRequest, type Transport } from "../../../src/transport/attempt.ts";
import { backendError } from "../../../src/transport/backend-error.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { network, networkError, rejection, silence } from "../proxy/network.ts";
import { settingsWith } from "../proxy/settings.ts";
import { destination } from "./support.ts";

const attempt = async (request: BackendRequest, transport: Transport) => {
  const answer = await new Attempt(request, 0).sendBy(transport);
  return Object.assign(answer, {
    text: async () => Buffer.from(await answer.content!.whole(16)).toString(),
  });
};

function request(changes: Partial<BackendRequest> = {}, clock = new FakeClock()): BackendRequest {
  return {
    backend: "http://backend.test",
    to: destination("http://backend.test"),
    target: "/a",
    method: "GET",
    fields: [],
    upgrade: undefined,
    body: null,
    bodySent: undefined,
    timeout: new RouteTimeoutSets(clock).of(settingsWith().timeouts).response,
    cancellation: new Cancellation(),
    from: { clientConnection: undefined },
    ...changes,
  };
}

describe("an attempt", () => {
  test("sends the request as it is", async () => {
    const { transport, sent } = network(() => new Response("hello"));
    const body = new Uint8Array([1, 2, 3]);
    const clock = new FakeClock();
    const response = await attempt(
      request({ method: "PUT", fields: ["x-a", "1", "user-agent", "curl"], body }, clock),
      transport,
    );
    expect(await response.text()).toBe("hello");
    expect(sent[0]?.url).toBe("http://backend.test/a");
    expect(Object.fromEntries(sent[0]?.headers.entries() ?? [])).toEqual({
      "x-a": "1",
      "user-agent": "curl",
    });
    expect(sent[0]?.request).toMatchObject({ method: "PUT", body });
    expect(clock.pending).toBe(0);
  });

  test("that gets no header section in time is a backend timeout", async () => {
    const clock = new FakeClock();
    const { transport, sent } = network(silence);
    const failure = rejection(attempt(request({}, clock), transport));
    clock.advance(4_999);
    expect(sent[0]?.signal.aborted).toBe(false);
    clock.advance(1);
    expect(await failure).toMatchObject({
      code: "backend_timeout",
      message: "the backend sent no answer within 5000 ms",
    });
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("has no timeout once the header section is there", async () => {
    const clock = new FakeClock();
    const { transport, sent } = network(() => new Response("slow content"));
    const response = await attempt(request({}, clock), transport);
    clock.advance(3_600_000);
    expect(sent[0]?.signal.aborted).toBe(false);
    expect(await response.text()).toBe("slow content");
  });

  test("ends when it is broken off, with the reason for that", async () => {
    const clock = new FakeClock();
    const cancellation = new Cancellation();
    const { transport, sent } = network(silence);
    const failure = rejection(attempt(request({ cancellation }, clock), transport));
    const reason = new GatewayError("client_closed", "gone");
    cancellation.cancel(reason);
    expect(await failure).toBe(reason);
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("can be broken off in the middle of the backend's content", async () => {
    const cancellation = new Cancellation();
    const { transport, sent } = network(() => new Response("x"));
    await attempt(request({ cancellation }), transport);
    expect(sent[0]?.signal.aborted).toBe(false);
    cancellation.cancel(new GatewayError("client_closed", "gone"));
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  test("waits for an answer from the end of the upload on", async () => {
    const clock = new FakeClock();
    const { promise: bodySent, resolve } = Promise.withResolvers<void>();
    const { transport, sent } = network(silence);
    const failure = rejection(attempt(request({ bodySent }, clock), transport));
    clock.advance(3_600_000);
    expect(sent[0]?.signal.aborted).toBe(false);
    resolve();
    await bodySent;
    clock.advance(4_999);
    expect(sent[0]?.signal.aborted).toBe(false);
    clock.advance(1);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
  });

  test("that is answered before the upload's end has no timeout any more", async () => {
    const clock = new FakeClock();
    const { promise: bodySent, resolve } = Promise.withResolvers<void>();
    const { transport } = network(() => new Response("early"));
    await attempt(request({ bodySent }, clock), transport);
    resolve();
    await bodySent;
    await Promise.resolve();
    expect(clock.pending).toBe(0);
  });

  test("passes on what the request's own content says is wrong", async () => {
    const tooLarge = new GatewayError("body_too_large", "over 3 bytes");
    const { transport } = network(() => Promise.reject(tooLarge));
    expect(await rejection(attempt(request(), transport))).toBe(tooLarge);
  });

  test("keeps the error of the network as the cause", async () => {
    const cause = networkError("ECONNRESET");
    const { transport } = network(() => Promise.reject(cause));
    expect(await rejection(attempt(request(), transport))).toMatchObject({
      code: "backend_connection_closed",
      cause,
    });
  });
});

test("a bug of the gateway is reported as one", async () => {
  const mistake = new TypeError("undefined is not a function");
  const { transport } = network(() => Promise.reject(mistake));
  expect(await rejection(attempt(request(), transport))).toBe(mistake);
});

describe("an error of the network", () => {
  test.each([
    ["ECONNREFUSED", "backend_unreachable"],
    ["ENETUNREACH", "backend_unreachable"],
    ["EHOSTUNREACH", "backend_unreachable"],
    ["ETIMEDOUT", "backend_connection_closed"],
    ["ENOTFOUND", "backend_name_not_resolved"],
    ["ECONNRESET", "backend_connection_closed"],
    ["EPIPE", "backend_connection_closed"],
    ["EPROTO", "backend_tls_failed"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "backend_tls_failed"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "backend_tls_failed"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "backend_tls_failed"],
    ["SomethingElse", "backend_unreachable"],
  ] as const)("with the code %s means %s, and its own words stay inside", (code, meaning) => {
    const error = backendError(networkError(code), "maybe");
    expect(error.code).toBe(meaning);
    expect(error.message).not.toContain("secret");
  });

  test("with the code ETIMEDOUT, before anything was sent, means that no connection could be opened", () => {
    const error = backendError(networkError("ETIMEDOUT"), "nothing");
    expect(error).toMatchObject({ code: "backend_connect_timeout", status: 504 });
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "text"],
    ["an error without a code", new Error("x")],
    ["a code that is no text", { code: 7 }],
  ])("that is %s means that the backend could not be reached", (_name, thrown) => {
    const { code, message, cause } = backendError(thrown, "nothing");
    expect({ code, message, cause }).toEqual({
      code: "backend_unreachable",
      message: "the backend could not be reached",
      cause: thrown,
    });
  });
});

test("what a transport throws is what the attempt fails for, and nothing is rejected later", async () => {
  const one = new Attempt(request(), 0);
  const mistake = new Error("a mistake");
  const sent = one.sendBy(() => {
    throw mistake;
  });
  expect(await rejection(sent)).toBe(mistake);
  one.interrupt(new GatewayError("client_closed", "too late"));
});
