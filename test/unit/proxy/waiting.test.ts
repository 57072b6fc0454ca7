import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { AttemptError } from "../../../src/transport/attempt-error.ts";
import type { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { openExchange } from "../pipeline/opening.ts";
import { drip } from "./network.ts";
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
} from "./retry/backends.ts";

const refused: Act = () =>
  Promise.reject(new AttemptError("backend_unreachable", "the backend refuses", "nothing"));
const leave = ({ cancellation }: Exchange) =>
  cancellation.cancel(new GatewayError("client_closed", "the client left"));

/** Requests to one backend that takes one at a time, where three may wait. */
const oneByOne = { retry: undefined, count: 1, maxInFlight: [1], limits: { maxWaiting: 3 } };

/** What becomes of requests, in the order in which it becomes clear. */
function outcomes(forward: (exchange: Exchange) => Promise<Response>) {
  const log: string[] = [];
  const send = (name: string, exchange = openExchange()) => {
    void forward(exchange).then(
      async (response) => log.push(`${name} ${await response.text()}`),
      (error: GatewayError) => log.push(`${name} ${error.code}`),
    );
    return exchange;
  };
  return { log, send };
}

describe("a request that finds no room", () => {
  test("waits for it, and gets it in its turn", async () => {
    const acts = [whenTold(), whenTold(), whenTold()];
    const { forward, sent, clock, inFlight, load } = backends(
      acts.map(({ act }) => act),
      oneByOne,
    );
    const { log, send } = outcomes(forward);
    for (const name of ["first", "second", "third"]) send(name);
    await settle();
    expect(sent).toHaveLength(1);
    for (const [index, { tell }] of acts.entries()) {
      expect(inFlight()).toEqual([1]);
      tell(status(200, {}, `${index}`));
      await settle();
    }
    expect(log).toEqual(["first 0", "second 1", "third 2"]);
    expect([inFlight(), load.inFlight]).toEqual([[0], 0]);
    expect(clock.pending).toBe(0);
  });

  test("is refused at once when too many wait, and after a second when none has come", async () => {
    const { forward, pass } = backends([hanging], oneByOne);
    const { log, send } = outcomes(forward);
    for (let name = 0; name < 5; name += 1) send(`${name}`);
    await settle();
    expect(log).toEqual(["4 overloaded"]);
    await pass(999);
    expect(log).toHaveLength(1);
    await pass(1);
    expect(log).toEqual(["4 overloaded", "1 overloaded", "2 overloaded", "3 overloaded"]);
  });

  test("gives up its turn when the client leaves, at once", async () => {
    const first = whenTold();
    const { forward, sent, inFlight } = backends([first.act, ok], oneByOne);
    const { log, send } = outcomes(forward);
    send("first");
    const leaving = send("leaving");
    send("last");
    await settle();
    leave(leaving);
    await settle();
    expect(log).toEqual(["leaving client_closed"]);
    expect(leaving.attempts).toEqual([]);
    first.tell(ok);
    await settle();
    expect(log).toEqual(["leaving client_closed", "first hello", "last hello"]);
    expect(sent).toHaveLength(2);
    expect(inFlight()).toEqual([0]);
  });

  test("gives the place back when the client leaves just when it gets it", async () => {
    const first = whenTold();
    const { forward, sent, inFlight } = backends([first.act, ok], oneByOne);
    const { log, send } = outcomes(forward);
    const holding = openExchange();
    send("first", holding);
    const leaving = send("leaving");
    await settle();
    // Between the turn in which the place became free and the one in which the request goes on.
    const end = holding.ended.bind(holding);
    holding.ended = (failure) => {
      end(failure);
      leave(leaving);
    };
    first.tell(ok);
    await settle();
    expect(log.toSorted()).toEqual(["first hello", "leaving client_closed"]);
    expect(sent).toHaveLength(1);
    expect(inFlight()).toEqual([0]);
  });

  test("waits no longer than its exchange may take", async () => {
    const { forward, pass } = backends([hanging], { ...oneByOne, timeouts: { exchange: 300 } });
    const { log, send } = outcomes(forward);
    send("first");
    await pass(100);
    send("second");
    await pass(200);
    await pass(100);
    expect(log).toEqual(["first exchange_timeout", "second exchange_timeout"]);
  });

  test("is told at once when there is nothing to wait for any more", async () => {
    const { forward, backends: all } = backends([hanging], oneByOne);
    const { log, send } = outcomes(forward);
    send("first");
    send("second");
    await settle();
    (all[0]!.health as CheckedHealth).failed(0, "down");
    await settle();
    send("third");
    await settle();
    expect(log).toEqual(["second no_healthy_backend", "third no_healthy_backend"]);
  });

  test("gets the place of a backend that has become healthy", async () => {
    const {
      forward,
      backends: all,
      inFlight,
    } = backends([hanging], {
      ...oneByOne,
      count: 2,
      maxInFlight: [1, 1],
    });
    const health = all[1]!.health as CheckedHealth;
    health.failed(0, "down");
    const { send } = outcomes(forward);
    for (const name of ["first", "second", "third"]) send(name);
    await settle();
    expect(inFlight()).toEqual([1, 0]);
    health.succeeded(0);
    await settle();
    expect(inFlight()).toEqual([1, 1]);
  });

  test("does not wait where that is not asked for", async () => {
    const { forward } = backends([hanging], { ...oneByOne, limits: {} });
    const { log, send } = outcomes(forward);
    send("first");
    send("second");
    await settle();
    expect(log).toEqual(["second overloaded"]);
  });
});

test("a client that is slow to send its content takes no place", async () => {
  const { forward, inFlight } = backends([ok], oneByOne);
  const { log, send } = outcomes(forward);
  const slow = drip();
  const fields = { "content-length": "2" };
  send("slow", openExchange({ method: "POST", fields, body: slow.stream }));
  await settle();
  expect(inFlight()).toEqual([0]);
  send("fast");
  await settle();
  expect(log).toEqual(["fast hello"]);
  slow.chunk(2);
  slow.end();
  await settle();
  expect(log).toEqual(["fast hello", "slow hello"]);
});

test("a client need not send its content where no backend gets requests", async () => {
  const { forward, backends: all } = backends([ok], { retry: undefined, count: 1 });
  const { log, send } = outcomes(forward);
  const fields = { "content-length": "2" };
  (all[0]!.health as CheckedHealth).failed(0, "down");
  send("first", openExchange({ method: "POST", fields, body: drip().stream }));
  await settle();
  expect(log).toEqual(["first no_healthy_backend"]);
});

describe("max_in_flight of an upstream", () => {
  const two = { retry: undefined, count: 2, limits: { maxInFlight: 2, maxWaiting: 1 } };

  test("holds for all of its backends together", async () => {
    const acts = [whenTold(), whenTold(), whenTold()];
    const { forward, inFlight, load } = backends(
      acts.map(({ act }) => act),
      two,
    );
    const { log, send } = outcomes(forward);
    for (const name of ["first", "second", "third", "fourth"]) send(name);
    await settle();
    expect(inFlight()).toEqual([1, 1]);
    expect(log).toEqual(["fourth overloaded"]);
    acts[1]!.tell(ok);
    await settle();
    expect(log).toEqual(["fourth overloaded", "second hello"]);
    expect(load.inFlight).toBe(2);
    acts[0]!.tell(ok);
    acts[2]!.tell(ok);
    await settle();
    expect(load.inFlight).toBe(0);
  });

  test("keeps a request's place while it goes from a backend that refuses to another one", async () => {
    const told = whenTold();
    const { forward, inFlight, load, asked } = backends([refused, told.act], {
      ...two,
      limits: { maxInFlight: 1, maxWaiting: 1 },
    });
    const { log, send } = outcomes(forward);
    send("first");
    send("second");
    await settle();
    expect(asked()).toEqual([0, 1]);
    expect([inFlight(), load.inFlight]).toEqual([[0, 1], 1]);
    told.tell(ok);
    await settle();
    expect(log).toEqual(["first hello", "second hello"]);
  });

  test("leaves no room for second attempts", async () => {
    const { forward, pass, asked } = backends([hanging], { ...two, hedge: hedgePlan(200) });
    const { send } = outcomes(forward);
    send("first");
    send("second");
    await pass(300);
    expect(asked()).toEqual([0, 1]);
  });
});

describe("a retry", () => {
  test("queues like everyone else, behind those who came before", async () => {
    const acts = [whenTold(), whenTold()] as const;
    const { forward, asked, pass } = backends([acts[0].act, acts[1].act, ok], {
      ...oneByOne,
      retry: retryPlan(),
    });
    const { log, send } = outcomes(forward);
    const retried = send("retried");
    send("next");
    await settle();
    acts[0].tell(status(503));
    await pass(50);
    expect(retried.attempts).toHaveLength(1);
    expect(asked()).toHaveLength(2);
    acts[1].tell(ok);
    await settle();
    expect(log).toEqual(["next hello", "retried hello"]);
    expect(retried.attempts).toHaveLength(2);
  });

  test("that finds no place leaves the client what there was before", async () => {
    const first = whenTold();
    const { forward, pass } = backends([first.act, hanging], { ...oneByOne, retry: retryPlan() });
    const { log, send } = outcomes(forward);
    send("retried");
    send("next");
    await settle();
    first.tell(status(503, {}, "what it said"));
    await pass(50);
    await pass(1_000);
    expect(log).toEqual(["retried what it said"]);
  });

  test("of what reached nothing waits for the other backends, and not for the one that refused", async () => {
    const busy = whenTold();
    const acts = [busy.act, refused, ok];
    const { forward, asked } = backends(acts, { ...oneByOne, count: 2, maxInFlight: [1, 5] });
    const { log, send } = outcomes(forward);
    send("busy");
    await settle();
    const waiting = send("waiting");
    await settle();
    expect(asked()).toEqual([0, 1]);
    busy.tell(ok);
    await settle();
    expect(log).toEqual(["busy hello", "waiting hello"]);
    expect(asked()).toEqual([0, 1, 0]);
    expect(waiting.attempts).toHaveLength(2);
  });

  test("of that kind, too, ends with its own error when there is no place", async () => {
    const { forward, pass, inFlight } = backends([hanging, refused], {
      ...oneByOne,
      count: 2,
      maxInFlight: [1, 5],
    });
    const { log, send } = outcomes(forward);
    send("busy");
    await settle();
    send("waiting");
    await pass(1_000);
    expect(log).toEqual(["waiting backend_unreachable"]);
    expect(inFlight()).toEqual([1, 0]);
  });
});
