import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../../../src/pipeline/errors.ts";
import type { Trust } from "../../../../../../src/policies/auth/providers/basic/damping.ts";
import { VerificationQueue } from "../../../../../../src/policies/auth/providers/basic/verification-queue.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";

function queueOf(atOnce: number, room: number) {
  const clock = new FakeClock();
  const queue = new VerificationQueue(clock);
  queue.limitTo(atOnce, room);
  const begun: string[] = [];
  const ends = new Map<string, (outcome: boolean) => void>();
  const refused = new Map<string, unknown>();
  let address = 0;
  function ask(name: string, trust: Trust = "clean", network = `192.0.2.${(address += 1)}`) {
    const { outcome, leave } = queue.run({
      network,
      trust,
      admit: () => {},
      work: () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<boolean>();
        ends.set(name, resolve);
        return promise;
      },
    });
    outcome.catch((error: unknown) => refused.set(name, error));
    return { outcome, leave };
  }
  async function end(name: string) {
    ends.get(name)?.(true);
    await turns();
  }
  return { clock, queue, begun, refused, ask, end };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe("verifications", () => {
  test("run a few at a time, trusted ones first", async () => {
    const { begun, ask, end } = queueOf(2, 10);
    for (const name of ["a", "b", "c"]) ask(name, "suspect");
    ask("d");
    ask("e", "familiar");
    ask("f", "familiar");
    await turns();
    expect(begun).toEqual(["a", "b"]);
    await end("b");
    expect(begun).toEqual(["a", "b", "e"]);
    await end("a");
    await end("e");
    await end("f");
    await end("d");
    expect(begun).toEqual(["a", "b", "e", "f", "d", "c"]);
  });

  test("are refused when too many wait, and told when to come back", async () => {
    const { refused, ask, queue } = queueOf(1, 2);
    for (const name of ["a", "b", "c", "d"]) ask(name);
    await turns();
    expect([...refused.keys()]).toEqual(["d"]);
    const error = refused.get("d") as GatewayError;
    expect([error.code, error.fields]).toEqual(["auth_unavailable", { "retry-after": "1" }]);
    expect(queue.waiting).toBe(2);
  });

  test("take the place of those that are trusted less", async () => {
    const { refused, ask } = queueOf(1, 2);
    for (const name of ["a", "b", "c"]) ask(name, "suspect");
    ask("d", "familiar");
    ask("e", "clean");
    ask("f", "clean");
    ask("g", "familiar");
    await turns();
    expect([...refused.keys()]).toEqual(["c", "b", "f", "e"]);
  });

  test("leave three quarters of the room to other addresses", async () => {
    const { refused, ask } = queueOf(1, 8);
    ask("a");
    for (const name of ["b", "c", "d"]) ask(name, "clean", "198.51.100.1");
    ask("e", "familiar", "198.51.100.1");
    ask("f", "clean", "198.51.100.2");
    await turns();
    expect([...refused.keys()]).toEqual(["d"]);
  });

  test("that do not get their turn in time are refused", async () => {
    const { clock, refused, ask, begun, end } = queueOf(1, 8);
    ask("a");
    ask("b");
    clock.advance(9_999);
    await turns();
    expect(refused.size).toBe(0);
    clock.advance(1);
    await turns();
    expect([...refused.keys()]).toEqual(["b"]);
    await end("a");
    expect(begun).toEqual(["a"]);
    expect(clock.pending).toBe(0);
  });

  test("that nobody waits for any more give their place up", async () => {
    const { clock, ask, begun, end, queue } = queueOf(1, 8);
    ask("a");
    const { leave } = ask("b");
    ask("c");
    leave();
    leave();
    expect(queue.waiting).toBe(1);
    await end("a");
    expect(begun).toEqual(["a", "c"]);
    expect(clock.pending).toBe(0);
  });

  test("are not begun if they are not admitted any more, and leave the turn to the next", async () => {
    const { ask, begun, queue } = queueOf(1, 8);
    let isAdmitted = true;
    const admit = () => {
      if (!isAdmitted) throw new GatewayError("rate_limited", "too many");
    };
    const refusals: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const first = queue.run({ network: "a", trust: "clean", admit, work: () => promise });
    const second = queue.run({ network: "b", trust: "clean", admit, work: () => promise });
    second.outcome.catch((error: unknown) => refusals.push(error));
    ask("c");
    isAdmitted = false;
    resolve(true);
    expect(await first.outcome).toBe(true);
    await turns();
    expect(refusals).toHaveLength(1);
    expect(begun).toEqual(["c"]);
  });

  test("never run more at a time than they may, whatever comes in between", async () => {
    const { ask, begun, end } = queueOf(1, 8);
    ask("a");
    ask("b");
    const done = end("a");
    ask("c");
    await done;
    expect(begun).toEqual(["a", "b"]);
  });
});
