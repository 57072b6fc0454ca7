import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { AttemptError } from "../../../../src/transport/attempt-error.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { drip, rejection, type Sent } from "../network.ts";
import {
  type Act,
  backends,
  hanging,
  hedgePlan,
  ok,
  retryPlan,
  settle,
  status,
  whenTold,
} from "./backends.ts";

const hedge = hedgePlan(200);
const noRetry = { retry: undefined, hedge };
const reset: Act = () =>
  Promise.reject(new AttemptError("backend_connection_closed", "gone", "maybe"));

describe("a second attempt", () => {
  test("begins at another backend when no answer has come after the delay, and the first answer wins", async () => {
    const { forward, asked, pass, sent, inFlight, clock } = backends([hanging, ok], noRetry);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(199);
    expect(asked()).toEqual([0]);
    expect(inFlight()).toEqual([1, 0]);
    await pass(1);
    expect(await (await answering).text()).toBe("hello");
    expect(asked()).toEqual([0, 1]);
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(exchange.attempts).toMatchObject([
      { outcome: "outrun", startedAt: 0, endedAt: 200 },
      { outcome: "answered", status: 200, startedAt: 200, endedAt: 200 },
    ]);
    expect(exchange).toMatchObject({ backend: "http://backend1.test", headersAt: 200 });
    expect(inFlight()).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test("is dropped when the first one is answered after all", async () => {
    const slow = whenTold();
    const { forward, asked, pass, sent, inFlight, clock } = backends([slow.act, hanging], noRetry);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(200);
    expect(inFlight()).toEqual([1, 1]);
    slow.tell(ok);
    expect((await answering).status).toBe(200);
    await settle();
    expect(asked()).toEqual([0, 1]);
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([false, true]);
    expect(exchange.backend).toBe("http://backend0.test");
    expect(exchange.attempts.map(({ outcome }) => outcome)).toEqual(["answered", "outrun"]);
    expect(clock.pending).toBe(0);
  });

  test("counts at its backend until its own content has ended", async () => {
    const source = drip();
    const { forward, pass, inFlight } = backends(
      [hanging, () => new Response(source.stream)],
      noRetry,
    );
    const answering = forward(openExchange());
    await pass(200);
    const reading = (await answering).text();
    expect(inFlight()).toEqual([0, 1]);
    source.end();
    await reading;
    await settle();
    expect(inFlight()).toEqual([0, 0]);
  });

  test("does not begin after an answer", async () => {
    const { forward, asked, pass, clock } = backends([ok], noRetry);
    await forward(openExchange());
    expect(clock.pending).toBe(0);
    await pass(1_000);
    expect(asked()).toHaveLength(1);
  });

  test.each([
    ["POST", undefined],
    ["PUT", undefined],
    ["GET", "content"],
  ] as const)("is not for a %s with content %p", async (method, body) => {
    const { forward, asked, pass } = backends([hanging], noRetry);
    const fields: Record<string, string> = body === undefined ? {} : { "content-length": "7" };
    void forward(openExchange({ method, fields, ...(body !== undefined && { body }) })).catch(
      () => undefined,
    );
    await pass(1_000);
    expect(asked()).toHaveLength(1);
  });

  test("is for HEAD too, and needs another backend", async () => {
    const two = backends([hanging, ok], noRetry);
    void two.forward(openExchange({ method: "HEAD" }));
    await two.pass(200);
    expect(two.asked()).toEqual([0, 1]);
    const one = backends([hanging], { ...noRetry, count: 1 });
    void one.forward(openExchange()).catch(() => undefined);
    await one.pass(200);
    expect(one.asked()).toEqual([0]);
  });

  test("wins when the first one fails meanwhile", async () => {
    const first = whenTold();
    const second = whenTold();
    const { forward, pass, inFlight } = backends([first.act, second.act], noRetry);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(200);
    first.tell(reset);
    await settle();
    expect(inFlight()).toEqual([0, 1]);
    second.tell(ok);
    expect((await answering).status).toBe(200);
    expect(exchange.attempts.map(({ outcome }) => outcome)).toEqual(["reset", "answered"]);
  });

  test("that fails too leaves the error that came last", async () => {
    const first = whenTold();
    const { forward, pass, inFlight, clock } = backends([first.act, reset], noRetry);
    const exchange = openExchange();
    const failing = rejection(forward(exchange));
    await pass(200);
    first.tell(() => Promise.reject(new AttemptError("backend_protocol_error", "odd", "maybe")));
    expect(await failing).toMatchObject({
      code: "backend_protocol_error",
      message: "odd; 2 attempts were made",
    });
    expect(inFlight()).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test("ends with the exchange, like the first one", async () => {
    const { forward, pass, sent, inFlight, clock } = backends([hanging], noRetry);
    const exchange = openExchange();
    const failing = rejection(forward(exchange));
    await pass(200);
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    expect(await failing).toMatchObject({ code: "client_closed" });
    expect(sent.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(exchange.attempts.map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"]);
    expect(inFlight()).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test("does not begin once the client has left", async () => {
    const { forward, pass, asked } = backends([hanging], noRetry);
    const exchange = openExchange();
    const failing = rejection(forward(exchange));
    await pass(100);
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    await failing;
    await pass(1_000);
    expect(asked()).toHaveLength(1);
  });

  test("is what the exchange's end breaks off, once its answer is passed on", async () => {
    const source = drip();
    const { forward, pass, sent } = backends([hanging, () => new Response(source.stream)], noRetry);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(200);
    await answering;
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    expect(sent[1]?.signal.aborted).toBe(true);
  });

  test("counts among the upstream's retries", async () => {
    const { forward, asked, pass } = backends([hanging], noRetry);
    for (let request = 0; request < 100; request += 1) {
      void forward(openExchange()).catch(() => undefined);
    }
    await pass(200);
    expect(asked()).toHaveLength(130);
  });

  test("informs the balancer how long the one that was outrun took", async () => {
    const seen: unknown[] = [];
    const { forward, pass, upstream } = backends([hanging, ok], noRetry);
    Object.defineProperty(upstream, "observer", {
      value: {
        attempted: (backend: { url: string }) => seen.push(["answered", backend.url]),
        outrun: (backend: { url: string }, ms: number) => seen.push(["outrun", backend.url, ms]),
      },
    });
    const answering = forward(openExchange());
    await pass(200);
    await answering;
    expect(seen).toEqual([
      ["outrun", "http://backend0.test", 200],
      ["answered", "http://backend1.test"],
    ]);
  });
});

test("a circuit breaker is told of both attempts", async () => {
  const told: string[] = [];
  const { forward, pass, backends: all } = backends([hanging, ok], noRetry);
  for (const [index, backend] of all.entries()) {
    const breaker = {
      passes: true,
      began: () => told.push(`${index} began`),
      ended: (_: number, outcome: object | undefined) =>
        told.push(`${index} ${outcome === undefined ? "nothing" : "outcome"}`),
    };
    Object.defineProperty(backend, "breaker", { value: breaker });
  }
  const answering = forward(openExchange());
  await pass(200);
  await answering;
  expect(told).toEqual(["0 began", "1 began", "0 nothing", "1 outcome"]);
});

describe("a second attempt together with retries", () => {
  const both = { retry: retryPlan(), hedge, count: 3 };

  test("comes for a retry as well, but only once", async () => {
    const { forward, asked, pass } = backends([reset, hanging, ok], both);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(50);
    expect(asked()).toHaveLength(2);
    await pass(200);
    expect((await answering).status).toBe(200);
    expect(exchange.attempts.map(({ outcome }) => outcome)).toEqual([
      "reset",
      "outrun",
      "answered",
    ]);
  });

  test("counts among the attempts", async () => {
    const { forward, asked, pass } = backends([hanging], {
      ...both,
      retry: retryPlan({ attempts: 1 }),
    });
    void forward(openExchange()).catch(() => undefined);
    await pass(1_000);
    expect(asked()).toHaveLength(1);
  });

  test("goes on when the first one gets an answer to try again on", async () => {
    const first = whenTold();
    const second = whenTold();
    const { forward, pass, inFlight } = backends([first.act, second.act], both);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(200);
    first.tell(status(503));
    await settle();
    expect(inFlight().reduce((sum, count) => sum + count, 0)).toBe(1);
    second.tell(ok);
    expect((await answering).status).toBe(200);
    expect(exchange.attempts).toMatchObject([{ status: 503 }, { status: 200 }]);
  });

  test("is followed by a retry if both fail", async () => {
    const first = whenTold();
    const { forward, pass, asked } = backends([first.act, status(503), ok], both);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(200);
    first.tell(reset);
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(new Set(asked()).size).toBe(3);
    expect(exchange.backend).toBe(`http://backend${asked()[2]}.test`);
    expect(exchange.attempts).toMatchObject([
      { outcome: "reset" },
      { status: 503 },
      { status: 200 },
    ]);
  });

  test("takes no answer twice when both come at once", async () => {
    const first = whenTold();
    const second = whenTold();
    const { forward, pass, inFlight } = backends([first.act, second.act], both);
    const contents: Sent[] = [];
    const answer: Act = (sent) => {
      contents.push(sent);
      return new Response("hello", { headers: { "content-length": "5" } });
    };
    const answering = forward(openExchange());
    await pass(200);
    first.tell(answer);
    second.tell(answer);
    expect(await (await answering).text()).toBe("hello");
    await settle();
    expect(contents).toHaveLength(2);
    expect(inFlight()).toEqual([0, 0, 0]);
  });
});
