import { expect, test } from "bun:test";
import { Answer } from "../../../src/pipeline/answer.ts";
import { Chain } from "../../../src/pipeline/chain.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Policy, Rest } from "../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openExchange } from "./opening.ts";
import { through } from "./through.ts";

function passing(clock: FakeClock, milliseconds: number): undefined {
  clock.advance(milliseconds);
}

/** A chain whose exchange notes what happens; policies let the clock go on. */
function noted(policies: (clock: FakeClock) => readonly Policy[], keepsAll = true) {
  const clock = new FakeClock();
  clock.advance(100);
  const exchange = openExchange();
  exchange.noting = {
    keepsAll,
    now: () => clock.monotonic(),
    routing: () => ({ route: { outcome: "matched" } }),
  };
  const chain = new Chain(
    policies(clock),
    problemMaker(() => {}),
  );
  const last = {
    handle() {
      clock.advance(7);
      return new Answer("end");
    },
  };
  chain.join(last);
  return { clock, exchange, send: () => through(chain, exchange, last) };
}

test("the time at which each policy let an exchange pass is noted, slow ones too", async () => {
  const { exchange, send } = noted((clock) => [
    { name: "quick", request: () => passing(clock, 1) },
    { name: "only on the way out", response: () => passing(clock, 5) },
    {
      name: "slow",
      async request() {
        clock.advance(2);
        return undefined;
      },
    },
  ]);
  await send();
  expect(exchange.routedAt).toBe(100);
  expect(exchange.passedAt).toEqual([101, 101, 103]);
  expect(exchange.turnedAt).toBe(-1);
  expect(exchange.refusedBy).toBe("");
  expect(exchange.notes.outFrom).toBe(110);
  expect(exchange.notes.leavings).toEqual([{ at: 1, until: 115, replaced: false }]);
});

test("the way out of a good answer is not noted if only errors are kept", async () => {
  const { exchange, send } = noted(
    (clock) => [{ name: "a", request: () => undefined, response: () => passing(clock, 5) }],
    false,
  );
  await send();
  expect(exchange.passedAt).toEqual([100]);
  expect(exchange.notes).toMatchObject({ outFrom: 0, leavings: [], more: 0 });
});

test.each<[string, NonNullable<Policy["request"]>, string]>([
  ["answers well", () => new Answer("mine"), ""],
  ["says that nothing has changed", () => new Answer(null, { status: 304 }), ""],
  ["sends its client away", () => new Answer(null, { status: 302 }), "second"],
  ["answers with an error, later", async () => new Answer("no", { status: 401 }), "second"],
  [
    "throws",
    () => {
      throw new GatewayError("unauthorized", "no");
    },
    "second",
  ],
])("a policy that %s has turned the exchange", async (_what, request, refusedBy) => {
  const { exchange, send } = noted(() => [
    { name: "first", request: () => undefined },
    { name: "second", request },
    { name: "third", request: () => undefined },
  ]);
  await send();
  expect(exchange.turnedAt).toBe(1);
  expect(exchange.passedAt).toHaveLength(2);
  expect(exchange.refusedBy).toBe(refusedBy);
});

test("what a client's leaving ends was not refused by a policy", async () => {
  const { exchange, send } = noted(() => [
    {
      name: "reading",
      request({ cancellation }) {
        cancellation.cancel(new GatewayError("client_closed", "left"));
        throw cancellation.reason;
      },
    },
  ]);
  await send();
  expect(exchange).toMatchObject({ errorCode: "client_closed", refusedBy: "", turnedAt: 0 });
});

test("an error behind the policies is no policy's", async () => {
  const { exchange, send } = noted(() => [{ name: "a", request: () => undefined }]);
  const chain = new Chain(
    [{ name: "a" }],
    problemMaker(() => {}),
  );
  await send();
  await through(chain, exchange, {
    handle() {
      throw new GatewayError("backend_timeout", "late");
    },
  });
  expect(exchange).toMatchObject({ errorCode: "backend_timeout", refusedBy: "", turnedAt: -1 });
});

test("the time of a policy that leads to the rest ends where that begins", async () => {
  const leading = (clock: FakeClock): Policy => {
    let rest: Rest | undefined;
    return {
      name: "leading",
      leadsTo(given) {
        rest = given;
      },
      request: async (exchange) => {
        clock.advance(1);
        const answer = await rest?.handle(exchange);
        clock.advance(50);
        return answer;
      },
    };
  };
  const { exchange, send } = noted((clock) => [
    leading(clock),
    { name: "without a way in" },
    { name: "after it", request: () => passing(clock, 2) },
  ]);
  await send();
  expect(exchange.passedAt).toEqual([101, 101, 103]);
  expect(exchange).toMatchObject({ turnedAt: -1, refusedBy: "" });
});

test("a refusal behind a policy that leads to the rest is the refusing policy's", async () => {
  let rest: Rest | undefined;
  const { exchange, send } = noted(() => [
    {
      name: "leading",
      leadsTo(given) {
        rest = given;
      },
      request: (exchange) => rest?.handle(exchange),
    },
    {
      name: "refusing",
      request() {
        throw new GatewayError("rate_limited", "too many");
      },
    },
  ]);
  await send();
  expect(exchange).toMatchObject({ turnedAt: 1, refusedBy: "refusing" });
});

test("a policy that replaces an answer on the way out is noted to have done so", async () => {
  const { exchange, send } = noted((clock) => [
    { name: "keeps", response: () => passing(clock, 1) },
    {
      name: "replaces",
      async response() {
        clock.advance(2);
        return new Answer("another");
      },
    },
    {
      name: "throws",
      response() {
        throw new GatewayError("internal_error", "broken");
      },
    },
  ]);
  await send();
  expect(exchange.notes.leavings).toEqual([
    { at: 2, until: 107, replaced: true },
    { at: 1, until: 109, replaced: true },
    { at: 0, until: 110, replaced: false },
  ]);
});
