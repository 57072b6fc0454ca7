import { describe, expect, test } from "bun:test";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Attempt } from "../../../src/transport/attempt.ts";
import type { Fetch } from "../../../src/http/fetch.ts";
import { FetchBudget, FetchCarrier } from "../../../src/transport/fetch-carrier.ts";
import { hasOpenssl, issuedForAll } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import { handedOver, http2At, startPool, textOf } from "./http2/support.ts";

const stage = createStage();
const files = issuedForAll("backend", "IP:127.0.0.1");

/** A backend that speaks HTTP/3. */
function startHttp3Backend(answer: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: files.cert, key: files.key },
    http3: true,
    fetch: answer,
  });
  stage.defer(() => server.stop(true));
  const to = http2At(`https://127.0.0.1:${server.port}`, {
    protocol: "http3",
    tls: { rejectUnauthorized: false, serverName: "127.0.0.1" },
  });
  return to;
}

describe.skipIf(!hasOpenssl)("a request by HTTP/3", () => {
  test("carries its fields and content, and takes an answer", async () => {
    const to = startHttp3Backend(
      async (request) =>
        new Response(`${request.method} ${request.url} ${await request.text()}`, {
          status: 201,
          headers: { "x-agent": `[${request.headers.get("user-agent")}]` },
        }),
    );
    const { send } = startPool(stage);
    const { reader, give, end } = handedOver();
    give("in ");
    give("pieces");
    end();
    const fields = ["host", "client.test"];
    const streamed = await send(to, { method: "POST", target: "/a?b=1", fields, body: reader });
    expect(streamed.status).toBe(201);
    expect(streamed.fields.get("x-agent")).toBe("[]");
    expect(await textOf(streamed)).toBe("POST https://client.test/a?b=1 in pieces");
    const whole = await send(to, { method: "PUT", fields, body: Buffer.from("whole") });
    expect(await textOf(whole)).toBe("PUT https://client.test/ whole");
  });

  test("takes a large answer no faster than it is read", async () => {
    const size = 8 * 1_048_576;
    const to = startHttp3Backend(() => new Response(Buffer.alloc(size, "x")));
    const { send } = startPool(stage);
    const answer = await send(to);
    expect(answer.content?.length).toBe(size);
    expect((await textOf(answer)).length).toBe(size);
  });

  test("ends when it is cancelled", async () => {
    const asked = Promise.withResolvers<void>();
    const to = startHttp3Backend(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    const { send } = startPool(stage);
    const cancellation = new Cancellation();
    const sending = rejection(send(to, { cancellation }));
    await asked.promise;
    const reason = new GatewayError("client_closed", "gone");
    cancellation.cancel(reason);
    expect(await sending).toBe(reason);
  });
});

describe("fetch as a carrier", () => {
  const to = http2At("https://backend.test", { protocol: "http3", tls: { serverName: "a" } });

  function carrying(fetcher: Fetch, budget = new FetchBudget()) {
    const { attempt } = startPool(stage);
    const carrier = new FetchCarrier(budget, fetcher);
    const send = (changes: Parameters<typeof attempt>[1] = {}) =>
      attempt(to, changes).sendBy((sent: Attempt) => carrier.carry(sent));
    return { send, budget };
  }

  test.each([
    [{ method: "LIST" }, "method_not_proxied"],
    [{ method: "GET", body: Buffer.from("x") }, "bad_request"],
    [{ target: "//a" }, "invalid_path"],
  ])("refuses %p, which fetch would change, as %s", async (changes, code) => {
    const { send } = carrying(() => Promise.resolve(new Response("sent")));
    expect(await rejection(send(changes))).toMatchObject({ code });
  });

  test("never takes the environment's proxy, follows no redirect and decompresses nothing", async () => {
    const seen: BunFetchRequestInit[] = [];
    const { send } = carrying((_, options) => {
      seen.push(options);
      return Promise.resolve(new Response("x"));
    });
    await send();
    expect(seen).toMatchObject([
      { proxy: false, redirect: "manual", decompress: false, protocol: "http3" },
    ]);
    expect(seen[0]).not.toHaveProperty("tls");
  });

  test.each([
    ["HTTP3HandshakeFailed", "backend_tls_failed", "nothing"],
    ["ConnectionClosed", "backend_unreachable", "maybe"],
  ])("reports %s as %s", async (code, expected, reached) => {
    const { send } = carrying(() => Promise.reject(Object.assign(new Error("secret"), { code })));
    const error = await rejection(send());
    expect(error).toMatchObject({ code: expected, reached });
    expect((error as Error).message).not.toContain("secret");
  });

  test("reports content that breaks off", async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("half")),
      pull: (controller) => controller.error(new Error("reset")),
    });
    const { send, budget } = carrying(() => Promise.resolve(new Response(body)));
    const answer = await send();
    expect(await rejection(textOf(answer))).toMatchObject({ code: "backend_answer_incomplete" });
    await eventually(() => budget.inFlight === 0);
  });

  test("takes no more requests at a time than the runtime does", async () => {
    const budget = new FetchBudget();
    budget.inFlight = 256;
    const { send } = carrying(() => Promise.resolve(new Response("x")), budget);
    expect(await rejection(send())).toMatchObject({ code: "overloaded" });
  });
});
