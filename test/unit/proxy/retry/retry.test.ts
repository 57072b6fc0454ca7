import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { AttemptRecord } from "../../../../src/pipeline/exchange.ts";
import type { CheckedHealth } from "../../../../src/upstream/health/health.ts";
import type { Failure } from "../../../../src/upstream/outcome.ts";
import { AttemptError } from "../../../../src/transport/attempt-error.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { drip, networkError, rejection, type Sent } from "../network.ts";
import { type Act, backends, hanging, ok, retryPlan, settle, status } from "./backends.ts";

const reset: Act = () =>
  Promise.reject(new AttemptError("backend_connection_closed", "gone", "maybe"));
const refused: Act = () => Promise.reject(networkError("ECONNREFUSED"));

/** Attempts as a list of what became of them. */
function outcomes(attempts: readonly AttemptRecord[]): (string | number)[] {
  return attempts.map(({ outcome, status }) => (outcome === "answered" ? status : outcome));
}

describe("a retry", () => {
  test("goes to another backend after a pause, and its answer is passed on", async () => {
    const { forward, asked, pass, inFlight, clock } = backends([reset, ok]);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(49);
    expect(asked()).toEqual([0]);
    expect(inFlight()).toEqual([0, 0]);
    await pass(1);
    expect(await (await answering).text()).toBe("hello");
    expect(asked()).toEqual([0, 1]);
    expect(exchange.attempts).toMatchObject([
      {
        outcome: "reset",
        startedAt: 0,
        endedAt: 0,
        failure: { code: "backend_connection_closed" },
      },
      { outcome: "answered", status: 200, startedAt: 50, endedAt: 50 },
    ]);
    expect(exchange).toMatchObject({ backend: "http://backend1.test", headersAt: 50 });
    expect(inFlight()).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test("comes after a random part of a bound that doubles", async () => {
    const { forward, asked, pass } = backends([reset], { retry: retryPlan({ attempts: 4 }) });
    const failing = rejection(forward(openExchange()));
    for (const [pause, count] of [
      [50, 2],
      [99, 2],
      [1, 3],
      [199, 3],
      [1, 4],
    ] as const) {
      await pass(pause);
      expect(asked()).toHaveLength(count);
    }
    expect(await failing).toMatchObject({
      code: "backend_connection_closed",
      message: "gone; 4 attempts were made",
    });
  });

  test("asks each backend once, then the same ones again, the last one last", async () => {
    const { forward, asked, pass } = backends([reset], {
      count: 3,
      retry: retryPlan({ attempts: 7, backoff: 1 }),
    });
    const failing = rejection(forward(openExchange()));
    for (let step = 0; step < 7; step += 1) await pass(10);
    await failing;
    const order = asked();
    expect(new Set(order.slice(0, 3)).size).toBe(3);
    expect(new Set(order.slice(3, 6)).size).toBe(3);
    for (const [index, backend] of order.entries()) expect(backend).not.toBe(order[index + 1]!);
  });

  test("asks the only backend again", async () => {
    const { forward, asked, pass } = backends([reset, reset, ok], { count: 1 });
    const answering = forward(openExchange());
    await pass(50);
    await pass(100);
    expect((await answering).status).toBe(200);
    expect(asked()).toEqual([0, 0, 0]);
  });

  test.each([
    ["connect", refused, "GET", true],
    ["connect", refused, "POST", true],
    ["reset", reset, "GET", true],
    ["reset", reset, "PUT", true],
    ["reset", reset, "POST", false],
    ["reset", reset, "PATCH", false],
    [502, status(502), "GET", true],
    [503, status(503), "POST", false],
  ] as const)(
    "after %s, at the same backend: %p of %s is %p",
    async (what, act, method, isRetried) => {
      const { forward, asked, pass } = backends([act, ok], { count: 1 });
      const answering = forward(openExchange({ method })).catch(() => undefined);
      await pass(50);
      expect(asked()).toHaveLength(isRetried ? 2 : 1);
      const answer = await answering;
      if (isRetried) expect(answer?.status).toBe(200);
      else expect(answer?.status).toBe(typeof what === "number" ? what : undefined);
    },
  );

  test("comes for a POST where its method is listed", async () => {
    const { forward, asked, pass } = backends([reset, ok], {
      retry: retryPlan({ methods: new Set(["POST"]) }),
    });
    const answering = forward(openExchange({ method: "POST" }));
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(asked()).toHaveLength(2);
  });

  test.each([
    ["connect", refused, 1],
    ["reset", reset, 1],
    ["a status", status(503), 1],
  ])("does not come after %s that is not listed", async (_, act, count) => {
    const { forward, asked, pass } = backends([act, ok], {
      count: 1,
      retry: retryPlan({ failures: new Set<Failure>(["timeout"]), statuses: new Set([429]) }),
    });
    void forward(openExchange()).catch(() => undefined);
    await pass(1_000);
    expect(asked()).toHaveLength(count);
  });

  test("comes after an attempt that took too long, which is over", async () => {
    const { forward, asked, pass, sent } = backends([hanging, ok], {
      timeouts: { response: 2_000 },
    });
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(2_000);
    expect(sent[0]?.signal.aborted).toBe(true);
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(asked()).toEqual([0, 1]);
    expect(outcomes(exchange.attempts)).toEqual(["timeout", 200]);
  });

  test("comes after an answer that breaks off before any of it was passed on", async () => {
    const broken: Act = () => {
      const source = drip();
      source.break(networkError("ECONNRESET"));
      return new Response(source.stream, { headers: { "content-length": "5" } });
    };
    const { forward, pass } = backends([broken, ok]);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(outcomes(exchange.attempts)).toEqual(["reset", 200]);
  });

  test("does not come once an answer is passed on", async () => {
    const source = drip();
    const { forward, asked, pass } = backends([() => new Response(source.stream)]);
    const exchange = openExchange();
    const reader = (await forward(exchange)).body!.getReader();
    source.chunk(3);
    await reader.read();
    source.break(networkError("ECONNRESET"));
    await rejection(reader.read());
    await pass(1_000);
    expect(asked()).toHaveLength(1);
    expect(exchange.errorCode).toBe("backend_answer_incomplete");
  });

  test("is not counted for what goes to another backend unasked, but counts that", async () => {
    const all = backends([refused], { count: 6 });
    const failing = rejection(all.forward(openExchange()));
    await settle();
    // As without `retry`: each backend at once.
    expect(all.asked()).toHaveLength(6);
    expect(await failing).toMatchObject({
      message: expect.stringContaining("6 attempts were made"),
    });
    const mixed = backends([refused, status(503), status(503)], { count: 4 });
    const exchange = openExchange();
    const answering = mixed.forward(exchange);
    await mixed.pass(50);
    expect((await answering).status).toBe(503);
    expect(outcomes(exchange.attempts)).toEqual(["connect", 503, 503]);
  });

  test("runs no policy twice: the request is as they have left it", async () => {
    const { forward, pass, sent } = backends([reset, ok]);
    const exchange = openExchange();
    exchange.outgoing.set("x-count", "1");
    const answering = forward(exchange);
    await pass(50);
    await answering;
    expect(sent.map(({ headers }) => headers.get("x-count"))).toEqual(["1", "1"]);
  });

  test("does not come when the client has left, and its pause ends with that", async () => {
    const { forward, asked, clock, pass, inFlight } = backends([reset]);
    const exchange = openExchange();
    const failing = rejection(forward(exchange));
    await settle();
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    expect(await failing).toMatchObject({ code: "client_closed" });
    expect(clock.pending).toBe(0);
    await pass(1_000);
    expect(asked()).toHaveLength(1);
    expect(inFlight()).toEqual([0, 0]);
  });

  test("comes within the exchange's time, after half of what is left if that is short", async () => {
    const { forward, asked, pass, clock } = backends([reset, reset, hanging], {
      timeouts: { exchange: 120 },
    });
    const failing = rejection(forward(openExchange()));
    await pass(50);
    expect(asked()).toHaveLength(2);
    // The pause would be 100 ms, and there are 70 left.
    await pass(34);
    expect(asked()).toHaveLength(2);
    await pass(1);
    expect(asked()).toHaveLength(3);
    await pass(35);
    expect(await failing).toMatchObject({ code: "exchange_timeout" });
    expect(clock.pending).toBe(0);
  });

  test("says how many attempts there were when no backend is left after the pause", async () => {
    const { forward, pass, backends: all } = backends([reset]);
    const failing = rejection(forward(openExchange()));
    await settle();
    for (const { health } of all) (health as CheckedHealth).failed(0, "down");
    await pass(50);
    expect(await failing).toMatchObject({ code: "backend_connection_closed" });
  });

  test("passes over a backend that is at its max_in_flight", async () => {
    const { forward, pass, asked, backends: all } = backends([reset, ok], { count: 3 });
    const answering = forward(openExchange());
    await settle();
    Object.defineProperty(all[1], "isFull", { value: true });
    await pass(50);
    await answering;
    expect(asked()).toEqual([0, 2]);
  });
});

describe("an answer with a status that is tried again", () => {
  test("is passed on as it is if all attempts get one", async () => {
    const { forward, pass, inFlight, clock } = backends([
      status(503, { "x-n": "1" }),
      status(502, { "x-n": "2" }),
      status(503, { "x-n": "3" }, "the last"),
    ]);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(50);
    await pass(100);
    const answer = await answering;
    expect(answer.status).toBe(503);
    expect(answer.headers.get("x-n")).toBe("3");
    expect(await answer.text()).toBe("the last");
    expect(outcomes(exchange.attempts)).toEqual([503, 502, 503]);
    expect(exchange.errorCode).toBeUndefined();
    expect(inFlight()).toEqual([0, 0]);
    expect(clock.pending).toBe(0);
  });

  test("is passed on if the attempts after it get none", async () => {
    const { forward, pass } = backends([status(503, {}, "the only answer"), reset]);
    const exchange = openExchange();
    const answering = forward(exchange);
    await pass(50);
    await pass(100);
    const answer = await answering;
    expect([answer.status, await answer.text()]).toEqual([503, "the only answer"]);
    expect(outcomes(exchange.attempts)).toEqual([503, "reset", "reset"]);
    expect(exchange).toMatchObject({ backend: "http://backend0.test", headersAt: 0 });
  });

  test("is read to its end if little is left of it, and otherwise given up", async () => {
    const [small, large] = [drip(), drip()];
    const { forward, pass } = backends([
      () => new Response(small.stream, { status: 503 }),
      () => new Response(large.stream, { status: 503, headers: { "content-length": "100000" } }),
      ok,
    ]);
    const answering = forward(openExchange());
    await pass(50);
    small.chunk(100);
    small.end();
    await pass(100);
    expect((await answering).status).toBe(200);
    expect(small.state.cancelled).toBeUndefined();
    expect(large.state.cancelled).toBeDefined();
  });

  test("is given up if its rest does not come within a second", async () => {
    const source = drip();
    const { forward, pass, clock } = backends([
      () => new Response(source.stream, { status: 503 }),
      ok,
    ]);
    const answering = forward(openExchange());
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(source.state.cancelled).toBeUndefined();
    await pass(950);
    expect(source.state.cancelled).toBeDefined();
    expect(clock.pending).toBe(0);
  });
});

describe("Retry-After", () => {
  const later = (code: number, value: string) => status(code, { "retry-after": value });

  test("of a 503 is waited for if there is no other backend", async () => {
    const { forward, asked, pass } = backends([later(503, "2"), ok], { count: 1 });
    const answering = forward(openExchange());
    await pass(1_999);
    expect(asked()).toHaveLength(1);
    await pass(1);
    expect((await answering).status).toBe(200);
  });

  test("of a 503 does not hold up an attempt at another backend", async () => {
    const { forward, asked, pass } = backends([later(503, "2"), ok]);
    const answering = forward(openExchange());
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(asked()).toEqual([0, 1]);
  });

  test("of a 429 is waited for anyhow, if that is tried again", async () => {
    const { forward, asked, pass } = backends([later(429, "2"), ok], {
      retry: retryPlan({ statuses: new Set([429]) }),
    });
    const answering = forward(openExchange());
    await pass(1_999);
    expect(asked()).toHaveLength(1);
    await pass(1);
    expect((await answering).status).toBe(200);
  });

  test.each([
    ["the exchange", { exchange: 2_000 }],
    ["an attempt", { response: 1_500 }],
  ])("that is longer than %s may take has the answer passed on", async (_, timeouts) => {
    const { forward, asked, pass } = backends([later(503, "2"), ok], { count: 1, timeouts });
    const answering = forward(openExchange());
    await pass(0);
    const answer = await answering;
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(asked()).toHaveLength(1);
  });

  test("may be a date, and is not believed if it is nothing", async () => {
    const date = new Date(Date.UTC(2026, 0, 1, 0, 0, 3)).toUTCString();
    const dated = backends([later(503, date), ok], { count: 1 });
    const answering = dated.forward(openExchange());
    await dated.pass(2_999);
    expect(dated.asked()).toHaveLength(1);
    await dated.pass(1);
    expect((await answering).status).toBe(200);
    const odd = backends([later(503, "soon"), ok], { count: 1 });
    const other = odd.forward(openExchange());
    await odd.pass(50);
    expect((await other).status).toBe(200);
  });
});

describe("the budget", () => {
  test("ends retries when many requests fail, and the answers are passed on", async () => {
    const { forward, asked, pass, clock } = backends([status(503)], {
      retry: retryPlan({ backoff: 0 }),
    });
    const answers = Array.from({ length: 100 }, () => forward(openExchange()));
    await pass(0);
    await pass(0);
    await pass(0);
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(503);
    expect(asked()).toHaveLength(130);
    expect(clock.pending).toBe(0);
  });

  test("does not limit what goes to another backend unasked", async () => {
    const { forward, asked } = backends([refused, ok], { retry: retryPlan({ budget: 0 }) });
    for (let request = 0; request < 50; request += 1) await forward(openExchange());
    expect(asked().length).toBeGreaterThanOrEqual(51);
  });
});

describe("content", () => {
  const put = (fields: Record<string, string>, body: ReadableStream<Uint8Array>) =>
    openExchange({ method: "PUT", fields, body });
  const chunked = { "transfer-encoding": "chunked" };

  /** Reads all of a request's content. */
  async function contentOf({ request: { body } }: Sent): Promise<number> {
    if (body === null) return 0;
    if (body instanceof Uint8Array) return body.length;
    let length = 0;
    for (;;) {
      const { value } = await body.read();
      if (value === undefined) return length;
      length += value.length;
    }
  }

  /** Reads the content, counts as a backend that may have acted on it, and then acts. */
  const reading =
    (lengths: number[], act: Act): Act =>
    async (sent) => {
      lengths.push(await contentOf(sent));
      return act(sent);
    };

  test.each([
    ["a known length", 40_000, { "content-length": "40000" }],
    ["a known length above 64 KiB", 80_000, { "content-length": "80000" }],
    ["an unknown length", 80_000, chunked],
  ])("of %s is sent again whole", async (_, size, fields) => {
    const lengths: number[] = [];
    const source = drip();
    const { forward, pass } = backends([reading(lengths, reset), reading(lengths, ok)], {
      retry: retryPlan({ maxBody: 90_000 }),
    });
    const exchange = put(fields, source.stream);
    const answering = forward(exchange);
    source.chunk(size / 2);
    source.chunk(size / 2);
    source.end();
    await pass(50);
    expect((await answering).status).toBe(200);
    expect(lengths).toEqual([size, size]);
    expect(exchange.bytesIn).toBe(size);
  });

  test.each([
    ["a known length", { "content-length": "40000" }],
    ["an unknown length", chunked],
  ])("above max_body, of %s, is not sent again", async (_, fields) => {
    const source = drip();
    const { forward, asked, pass } = backends([reading([], reset), ok], {
      retry: retryPlan({ maxBody: 39_999 }),
    });
    const failing = rejection(forward(put(fields, source.stream)));
    source.chunk(40_000);
    source.end();
    await pass(1_000);
    expect(await failing).toMatchObject({ code: "backend_connection_closed" });
    expect(asked()).toHaveLength(1);
  });

  test("goes on to the next backend while the client is still sending", async () => {
    const lengths: number[] = [];
    const source = drip();
    const { forward, pass } = backends([
      async (sent) => {
        const { body } = sent.request;
        if (body === null || body instanceof Uint8Array) throw new Error("not streamed");
        lengths.push((await body.read()).value?.length ?? 0);
        // As a connection does that breaks off.
        void body.cancel(undefined);
        return reset(sent);
      },
      reading(lengths, ok),
    ]);
    const answering = forward(put(chunked, source.stream));
    source.chunk(10);
    await pass(50);
    source.chunk(20);
    source.end();
    await settle();
    expect((await answering).status).toBe(200);
    expect(lengths).toEqual([10, 30]);
  });

  test("that is not sent again is given up", async () => {
    const source = drip();
    const { forward, pass } = backends([reset]);
    const failing = rejection(
      forward(openExchange({ method: "POST", fields: chunked, body: source.stream })),
    );
    await pass(0);
    await failing;
    expect(source.state.cancelled).toBeDefined();
  });
});

describe("what an upstream learns", () => {
  test("is each attempt once, with its backend and outcome", async () => {
    const seen: unknown[] = [];
    const { forward, pass, upstream } = backends([reset, status(503), ok], { count: 3 });
    Object.defineProperty(upstream, "observer", {
      value: {
        attempted: (backend: { url: string }, outcome: object) =>
          seen.push({ url: backend.url, ...outcome }),
      },
    });
    const answering = forward(openExchange());
    await pass(50);
    await pass(100);
    await answering;
    expect(seen).toEqual([
      {
        url: "http://backend0.test",
        failure: "reset",
        status: 0,
        milliseconds: 0,
        detail: "gone",
      },
      { url: expect.any(String), failure: undefined, status: 503, milliseconds: 0, detail: "" },
      { url: expect.any(String), failure: undefined, status: 200, milliseconds: 0, detail: "" },
    ]);
  });

  test("is nothing of attempts that the client ended", async () => {
    const seen: unknown[] = [];
    const { forward, upstream } = backends([hanging]);
    Object.defineProperty(upstream, "observer", { value: { attempted: () => seen.push(1) } });
    const exchange = openExchange();
    const failing = rejection(forward(exchange));
    await settle();
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    await failing;
    expect(seen).toEqual([]);
    expect(outcomes(exchange.attempts)).toEqual(["cancelled"]);
  });
});

describe("a circuit breaker", () => {
  /** Notes what it is told, as a breaker of each backend. */
  function breakers(all: readonly object[]) {
    const told: unknown[] = [];
    for (const [index, backend] of all.entries()) {
      const breaker = {
        passes: true,
        began() {
          told.push(`${index} began`);
          return index;
        },
        ended(era: number, outcome: { failure?: string; status: number } | undefined) {
          told.push(
            `${era} ${outcome === undefined ? "nothing" : (outcome.failure ?? outcome.status)}`,
          );
        },
      };
      Object.defineProperty(backend, "breaker", { value: breaker });
    }
    return told;
  }

  test("is told of each attempt's begin and end, once", async () => {
    const { forward, pass, backends: all } = backends([reset, status(503), ok], { count: 1 });
    const told = breakers(all);
    const answering = forward(openExchange());
    await pass(50);
    await pass(100);
    await (await answering).text();
    expect(told).toEqual(["0 began", "0 reset", "0 began", "0 503", "0 began", "0 200"]);
  });

  test("is told of an attempt that the client has ended, and of none before the content is there", async () => {
    const hung = backends([hanging]);
    const told = breakers(hung.backends);
    const exchange = openExchange();
    const failing = rejection(hung.forward(exchange));
    await settle();
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    await failing;
    expect(told).toEqual(["0 began", "0 nothing"]);
    const waiting = backends([ok]);
    const other = breakers(waiting.backends);
    const source = drip();
    const sending = openExchange({
      method: "POST",
      fields: { "content-length": "5" },
      body: source.stream,
    });
    const ended = rejection(waiting.forward(sending));
    await settle();
    sending.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    await ended;
    expect(other).toEqual([]);
  });
});
