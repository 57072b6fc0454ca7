import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Backend } from "../../../src/upstream/backend.ts";
import { UpstreamLoad } from "../../../src/upstream/limits/upstream-load.ts";
import { type Waiter, WaitingQueue } from "../../../src/upstream/limits/waiting-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "../pipeline/opening.ts";
import { pool } from "./pool.ts";

/** A queue for places at two backends, a and b, and the log of who got one. */
function queueOf(most = 3) {
  const [a, b] = pool(1, 1) as [Backend, Backend];
  const clock = new FakeClock();
  const free: Backend[] = [];
  const log: string[] = [];
  const queue: WaitingQueue = new WaitingQueue({ most, timeout: 1_000, clock }, ({ except }) => {
    const place = free.findIndex((backend) => except?.has(backend) !== true);
    return place === -1 ? undefined : free.splice(place, 1)[0];
  });
  return {
    a,
    b,
    clock,
    log,
    queue,
    offer: (backend: Backend) => void free.push(backend),
    withdraw: () => void free.splice(0),
    free: (...backends: Backend[]) => {
      free.push(...backends);
      return queue.serveOne();
    },
    freeMany: (...backends: Backend[]) => {
      free.push(...backends);
      queue.serveAll();
    },
    join: (name: string, except?: ReadonlySet<Backend>) => {
      const exchange = openExchange();
      const waiter = queue.join({
        exchange,
        except,
        admitted: (backend) => log.push(`${name} ${backend === a ? "a" : "b"}`),
      });
      return { exchange, waiter };
    },
  };
}

const reasonOf = async ({ over }: Waiter) => (await over)?.code;

describe("a place that becomes free", () => {
  test("goes to those who waited before a reload first, until none of them is left", () => {
    const load = new UpstreamLoad();
    const all = [queueOf(), queueOf()] as const;
    const [before, after] = all;
    const place = () => {
      for (const { a, offer } of all) offer(a);
      load.freed();
      for (const { withdraw } of all) withdraw();
    };
    load.add(before.queue);
    before.join("old");
    before.queue.close();
    load.add(after.queue);
    after.join("new");
    place();
    expect([before.log, after.log]).toEqual([["old a"], []]);
    place();
    expect(after.log).toEqual(["new a"]);
    expect(before.queue.isOver).toBe(true);
    expect(after.queue.isOver).toBe(false);
  });
});

describe("requests that wait for a place", () => {
  test("get it in the order in which they came, one for each place", async () => {
    const { a, b, log, queue, free, join } = queueOf();
    const first = join("first");
    join("second");
    join("third");
    expect(free(a)).toBe(true);
    expect(log).toEqual(["first a"]);
    expect(await first.waiter.over).toBeUndefined();
    free(b);
    free(a);
    expect(log).toEqual(["first a", "second b", "third a"]);
    expect(queue.length).toBe(0);
    expect(free(a)).toBe(false);
  });

  test("are passed over by others where they could not use it, and keep their turn", () => {
    const { a, b, log, free, join } = queueOf();
    join("not-a", new Set([a]));
    join("any");
    free(a);
    expect(log).toEqual(["any a"]);
    join("later");
    free(b);
    expect(log).toEqual(["any a", "not-a b"]);
    free(a);
    expect(log.at(-1)).toBe("later a");
  });

  test("all get one when many become free", () => {
    const { a, b, log, freeMany, join } = queueOf();
    join("first");
    join("second");
    join("third");
    freeMany(a, b);
    expect(log).toEqual(["first a", "second b"]);
  });

  test("are no more than there may be", () => {
    const { join, a, free } = queueOf(2);
    join("first");
    join("second");
    expect(() => join("third")).toThrow(
      "this route's backends are at their max_in_flight, and 2 requests are waiting",
    );
    free(a);
    join("third");
  });

  test("leave at once when their exchange is cancelled, and are given nothing", async () => {
    const { a, log, queue, free, join, clock } = queueOf();
    const leaving = join("leaving");
    join("staying");
    leaving.exchange.cancellation.cancel(new GatewayError("client_closed", "gone"));
    expect(queue.length).toBe(1);
    expect(await reasonOf(leaving.waiter)).toBe("client_closed");
    free(a);
    expect(log).toEqual(["staying a"]);
    expect(clock.pending).toBe(0);
  });

  test("leave when their time is up, each at its own", async () => {
    const { queue, join, clock } = queueOf();
    const first = join("first");
    clock.advance(600);
    const second = join("second");
    clock.advance(400);
    expect(queue.length).toBe(1);
    expect(await first.waiter.over).toMatchObject({
      code: "overloaded",
      message: "no place at the route's backends within 1s (wait_timeout)",
      fields: { "retry-after": "1" },
    });
    clock.advance(600);
    expect(await reasonOf(second.waiter)).toBe("overloaded");
    expect(clock.pending).toBe(0);
  });

  test("are dismissed when there is nothing to wait for", async () => {
    const { queue, join, clock } = queueOf();
    const waiters = [join("first").waiter, join("second").waiter];
    queue.dismissAll(new GatewayError("no_healthy_backend", "none"));
    expect(await Promise.all(waiters.map(reasonOf))).toEqual(Array(2).fill("no_healthy_backend"));
    expect(queue.length).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("are not cancelled any more once they have a place", async () => {
    const { a, log, free, join } = queueOf();
    const { exchange, waiter } = join("first");
    free(a);
    exchange.cancellation.cancel(new GatewayError("client_closed", "gone"));
    expect(await waiter.over).toBeUndefined();
    expect(log).toEqual(["first a"]);
  });
});
