import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import type { Policy } from "../../../../src/pipeline/policy.ts";
import { rateLimit } from "../../../../src/policies/limits/rate-limit.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { issuesOf, policyFrom } from "../chain.ts";

const { route } = rateLimit;

/** One token a second, of which there is one, and waits of up to five seconds. */
const SLOW = { rate: 1, burst: 1, when_exceeded: "delay", max_delay: "5s" };

interface Sent {
  readonly exchange: Exchange;
  /** When it went on, or was refused; undefined as long as it waits. */
  at: number | undefined;
  error: unknown;
  leave(): void;
}

class Sender {
  readonly clock = new FakeClock();
  readonly #policy: Policy;

  constructor(limit: unknown, global?: unknown) {
    const forAll =
      global === undefined ? undefined : policyFrom(rateLimit.global, global, this.clock);
    this.#policy = policyFrom(route, limit, this.clock, "/", forAll)!;
  }

  send(client = "192.0.2.1", hasLeft = false): Sent {
    const exchange = openExchange({ client: { address: client } });
    const sent: Sent = {
      exchange,
      at: undefined,
      error: undefined,
      leave: () => exchange.cancellation.cancel(new GatewayError("client_closed", "left")),
    };
    if (hasLeft) sent.leave();
    const over = (error?: unknown) => {
      sent.at = this.clock.monotonic();
      sent.error = error;
    };
    try {
      const later = this.#policy.request!(exchange);
      if (later instanceof Promise) later.then(() => over(), over);
      else over();
    } catch (error) {
      over(error);
    }
    return sent;
  }

  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    while (this.clock.monotonic() < end) {
      this.clock.advance(Math.min(100, end - this.clock.monotonic()));
      await settled();
    }
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

const times = (sent: readonly Sent[]) => sent.map(({ at }) => at);
const codes = (sent: readonly Sent[]) =>
  sent.map(({ error }) => (error instanceof GatewayError ? error.code : error));

describe("a request above a limit that delays", () => {
  test("waits for exactly its token, and those after it in their order for theirs", async () => {
    const sender = new Sender(SLOW);
    const sent = Array.from({ length: 4 }, () => sender.send());
    await sender.pass(10_000);
    expect(times(sent)).toEqual([0, 1000, 2000, 3000]);
    expect(codes(sent)).toEqual(Array(4).fill(undefined));
    expect(sender.clock.pending).toBe(0);
  });

  test("is refused when it would have to wait for longer than max_delay", async () => {
    const sender = new Sender(SLOW);
    const sent = Array.from({ length: 8 }, () => sender.send());
    await sender.pass(10_000);
    expect(times(sent)).toEqual([0, 1000, 2000, 3000, 4000, 5000, 0, 0]);
    expect(codes(sent).slice(6)).toEqual(["rate_limited", "rate_limited"]);
    expect(sent[6]?.error).toMatchObject({ fields: { "retry-after": "6" } });
  });

  test("does not let one that comes later overtake it", async () => {
    const sender = new Sender(SLOW);
    const early = [sender.send(), sender.send(), sender.send()];
    await sender.pass(1500);
    const late = sender.send();
    await sender.pass(10_000);
    expect(times([...early, late])).toEqual([0, 1000, 2000, 3000]);
  });

  test("that leaves gives its place to those behind it", async () => {
    const sender = new Sender(SLOW);
    const sent = Array.from({ length: 5 }, () => sender.send());
    await sender.pass(500);
    sent[1]?.leave();
    sent[3]?.leave();
    await settled();
    await sender.pass(10_000);
    expect(times(sent)).toEqual([0, 500, 1000, 500, 2000]);
    expect(codes(sent)).toEqual([
      undefined,
      "client_closed",
      undefined,
      "client_closed",
      undefined,
    ]);
    expect(times([sender.send()])).toEqual([sender.clock.monotonic()]);
    expect(sender.clock.pending).toBe(0);
  });

  test("that all leave cost nothing", async () => {
    const sender = new Sender(SLOW);
    const sent = Array.from({ length: 5 }, () => sender.send());
    for (const one of sent.slice(1)) one.leave();
    await settled();
    expect(sender.clock.pending).toBe(0);
    await sender.pass(1000);
    expect(sender.send().at).toBe(1000);
  });

  test("waits in the queue of its own key", async () => {
    const sender = new Sender({ ...SLOW, key: "client_ip" });
    const sent = [sender.send("192.0.2.1"), sender.send("192.0.2.1"), sender.send("192.0.2.2")];
    await sender.pass(2000);
    expect(times(sent)).toEqual([0, 1000, 0]);
  });

  test("waits for the slowest of several limits, and takes from all of them", async () => {
    const sender = new Sender([SLOW, { ...SLOW, rate: 2, name: "fast" }]);
    const sent = [sender.send(), sender.send(), sender.send()];
    await sender.pass(5000);
    expect(times(sent)).toEqual([0, 1000, 2000]);
    expect(sender.clock.pending).toBe(0);
  });

  test("does not wait when another limit refuses it, and takes nothing", async () => {
    const sender = new Sender(SLOW, { rate: "1/h", burst: 2 });
    const sent = [sender.send(), sender.send(), sender.send()];
    await sender.pass(5000);
    expect(times(sent)).toEqual([0, 1000, 0]);
    expect(codes(sent)[2]).toBe("rate_limited");
  });

  test("finds no token left of a wait that its client ended while the gateway's limit counted it", async () => {
    const sender = new Sender(SLOW, { rate: "1/h", burst: 3 });
    sender.send();
    sender.send().leave();
    await settled();
    const [third, fourth] = [sender.send(), sender.send()];
    await sender.pass(5000);
    expect(times([third, fourth])).toEqual([1000, 2000]);
  });

  test("whose client has left before it comes to the limit does not wait", async () => {
    const sender = new Sender(SLOW);
    sender.send();
    const late = sender.send("192.0.2.1", true);
    await settled();
    expect(sender.clock.pending).toBe(0);
    expect(codes([late])).toEqual(["client_closed"]);
  });

  test("is refused while ten thousand others wait", async () => {
    const sender = new Sender({ rate: 1000, burst: 1, when_exceeded: "delay", max_delay: "1m" });
    const sent = Array.from({ length: 10_003 }, () => sender.send());
    await settled();
    expect(codes(sent.slice(10_000))).toEqual([undefined, "rate_limited", "rate_limited"]);
    expect(sent[10_002]?.error).toMatchObject({ fields: { "retry-after": "11" } });
    sent[1]?.leave();
    await settled();
    expect(sender.send().error).toBeUndefined();
  });

  test("at fast rates goes on within a millisecond of its token", async () => {
    const sender = new Sender({ rate: 2000, burst: 1, when_exceeded: "delay" });
    const sent = Array.from({ length: 101 }, () => sender.send());
    for (let ms = 0; ms < 60; ms += 1) {
      sender.clock.advance(1);
      await settled();
    }
    for (const [index, { at }] of sent.entries()) {
      expect(at).toBeGreaterThanOrEqual(index / 2);
      expect(at).toBeLessThanOrEqual(index / 2 + 1);
    }
  });
});

describe("a delay's configuration", () => {
  test.each([
    [{ rate: 1, max_delay: "1s" }, "nothing waits unless `when_exceeded: delay` says so"],
    [{ ...SLOW, max_delay: "0s" }, "a delay must be above 0 and at most 1m"],
    [{ ...SLOW, max_delay: "2m" }, "a delay must be above 0 and at most 1m"],
  ])("%j is refused", (limit, message) => {
    expect(issuesOf(route, limit)).toMatchObject([
      { path: ["max_delay"], message: expect.stringContaining(message) },
    ]);
  });
});
