import { describe, expect, test } from "bun:test";
import { type StoreScript, StoreUnavailable } from "../../../src/pipeline/shared-store.ts";
import { RedisStore, type StoreSettings } from "../../../src/store/redis-store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type Asked, FakeLinks } from "../../support/fake-links.ts";

const SCRIPT: StoreScript = {
  name: "count",
  source: "return redis.call('INCR', KEYS[1])",
  gives: (reply) => typeof reply === "number" || typeof reply === "string",
};
const DIGEST = new Bun.CryptoHasher("sha1").update(SCRIPT.source).digest("hex");

/** Answers what a store asks for itself, and hands the rest to `decide`. */
function serving(decide: (asked: Asked) => void) {
  return (asked: Asked): void => {
    if (asked.command === "PING") asked.answer("PONG");
    else if (asked.parameters[2] === "gateway:probe") asked.answer(1);
    else decide(asked);
  };
}

function open(
  given: Partial<StoreSettings> = {},
  server: (asked: Asked) => void = serving(({ answer }) => answer(7)),
) {
  const clock = new FakeClock();
  const links = new FakeLinks();
  links.server = server;
  const lines: string[] = [];
  const store = new RedisStore(
    {
      target: { url: "redis://:secret@store.test" },
      name: "redis://store.test",
      onError: "local",
      timeout: 50,
      prefix: "gateway:",
      ...given,
    },
    {
      clock,
      random: () => 0.5,
      log: (level, message) => lines.push(`${level} ${message}`),
      openLink: links.open,
      defer: queueMicrotask,
    },
  );
  const run = (key = "k", ...parameters: (string | number)[]) =>
    store.run(SCRIPT, [key], parameters);
  return { clock, links, lines, store, run };
}

/** Lets everything run that waits for nothing but other code. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
}

/** How it ends: its reply, or why there is none. */
function outcome(reply: Promise<unknown>): Promise<unknown> {
  return reply.catch((error: unknown) =>
    error instanceof StoreUnavailable ? error.message : `not StoreUnavailable: ${String(error)}`,
  );
}

async function away(world: ReturnType<typeof open>): Promise<void> {
  world.links.server = () => {};
  const calls = Array.from({ length: 5 }, () => outcome(world.run()));
  await settled();
  world.clock.advance(50);
  await Promise.all(calls);
}

describe("a call", () => {
  test("runs a script by its digest, with prefixed keys", async () => {
    const { links, run } = open();
    expect(await run("users 10.0.0.1", 3, "x")).toBe(7);
    const { command, parameters } = links.last.asked.at(-1)!;
    expect([command, ...parameters]).toEqual([
      "EVALSHA",
      DIGEST,
      "1",
      "gateway:users 10.0.0.1",
      "3",
      "x",
    ]);
  });

  test("sends the script's text once the server says that it does not know it", async () => {
    const { links, run } = open();
    links.server = serving(({ command, answer, refuse }) =>
      command === "EVAL" ? answer("ran") : refuse("NOSCRIPT No matching script."),
    );
    expect(await run()).toBe("ran");
    expect(links.last.asked.at(-1)?.parameters.slice(0, 3)).toEqual([
      SCRIPT.source,
      "1",
      "gateway:k",
    ]);
  });

  test("takes no reply that is none of its script's, and nothing more from that connection", async () => {
    const { links, lines, run } = open();
    links.server = serving(({ answer }) => answer(null));
    const replies = [outcome(run()), outcome(run())];
    expect(await replies[0]).toMatch(
      /^the shared store has failed: its reply to the script "count"/,
    );
    expect(await replies[1]).toMatch(/its reply to the script "count"/);
    expect(links.last.isClosed).toBe(true);
    expect(lines).toEqual([
      'warn the shared store redis://store.test is away: its reply to the script "count" is not one of that script\'s; is it a Redis server?; each gateway counts for itself until it is back',
    ]);
  });

  test("does not go to a server that answers everything with OK", async () => {
    const { lines, run } = open({}, ({ answer }) => answer("OK"));
    expect(await outcome(run())).toMatch(/its reply to the script "probe"/);
    expect(lines).toHaveLength(1);
  });

  test("waits while the connection is being opened", async () => {
    const { links, run } = open({}, () => {});
    const reply = run();
    await settled();
    expect(links.last.asked.map(({ command }) => command)).toEqual(["PING"]);
    links.server = serving(({ answer }) => answer("late"));
    links.last.asked[0]?.answer("PONG");
    expect(await reply).toBe("late");
  });

  test("has a long key hashed, so that clients cannot fill the store with text", async () => {
    const { links, run } = open();
    const key = `route ${"x".repeat(10_000)}`;
    await run(key);
    const digest = new Bun.CryptoHasher("sha256").update(key).digest("base64url");
    expect(links.last.asked.at(-1)?.parameters[2]).toBe(`gateway:sha256:${digest}`);
  });

  test("is given up when the time is up, and its late reply reaches nobody", async () => {
    const world = open();
    await settled();
    const asked: Asked[] = [];
    world.links.server = serving((one) => asked.push(one));
    const first = outcome(world.run("a"));
    await settled();
    world.clock.advance(50);
    expect(await first).toBe("the shared store has failed: no answer within 50ms");
    const second = world.run("b");
    await settled();
    asked[0]?.answer("of the first");
    asked[1]?.answer("of the second");
    expect(await second).toBe("of the second");
    expect(world.lines).toEqual([]);
  });

  test("does not send a script's text for a request that has gone on without it", async () => {
    const { clock, links, run } = open();
    await settled();
    const asked: Asked[] = [];
    links.server = serving((one) => asked.push(one));
    const reply = outcome(run());
    await settled();
    clock.advance(50);
    await reply;
    asked[0]?.refuse("NOSCRIPT No matching script.");
    await settled();
    expect(asked).toHaveLength(1);
  });

  test("is refused when too many are unanswered", async () => {
    const { links, run } = open();
    await settled();
    links.server = serving(() => {});
    const waiting = Array.from({ length: 10_000 }, () => outcome(run()));
    expect(await outcome(run())).toBe("too many calls of the shared store are unanswered");
    await settled();
    links.last.close();
    await Promise.all(waiting);
  });
});

describe("an outage", () => {
  test("begins after failures in a row, is said once, and then no call waits", async () => {
    const world = open();
    await away(world);
    expect(await outcome(world.run())).toBe("the shared store is away: no answer within 50ms");
    expect(world.lines).toEqual([
      "warn the shared store redis://store.test is away: no answer within 50ms; each gateway counts for itself until it is back",
    ]);
  });

  test("does not begin while most calls are answered", async () => {
    const { clock, links, lines, run } = open();
    await settled();
    for (let turn = 0; turn < 20; turn += 1) {
      links.server = serving(({ answer }) => answer(1));
      await Promise.all([run(), run()]);
      links.server = serving(() => {});
      const lost = outcome(run());
      await settled();
      clock.advance(50);
      await lost;
    }
    expect(lines).toEqual([]);
  });

  test("begins at the first refusal that will not be the last", async () => {
    const { links, lines, run } = open({ onError: "deny" });
    links.server = serving(({ refuse }) => refuse("READONLY You can't write against a replica."));
    await outcome(run());
    expect(lines).toEqual([
      "warn the shared store redis://store.test is away: READONLY You can't write against a replica.; what would be counted is refused until it is back",
    ]);
  });

  test("rejects what waits at once, and closes the connection so that nothing is sent late", async () => {
    const world = open();
    await settled();
    const first = world.links.last;
    await away(world);
    expect(first.isClosed).toBe(true);
  });

  test("ends by a probe in the background, after longer and longer pauses", async () => {
    const world = open();
    await settled();
    await away(world);
    const { clock, lines, links, run } = world;
    const opened = links.links.length;
    for (const pause of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      clock.advance(pause - 1);
      await settled();
      const before = links.links.length;
      clock.advance(1);
      await settled();
      expect(links.links.length).toBe(before + 1);
      links.last.break();
      await settled();
    }
    expect(links.links.length).toBe(opened + 8);
    links.server = serving(({ answer }) => answer("back"));
    clock.advance(5_000);
    await settled();
    expect(await run()).toBe("back");
    expect(lines.slice(1)).toEqual([
      "info the shared store redis://store.test is back after 21.3s",
    ]);
  });

  test("that comes again and again is tried at longer and longer intervals, until the store is steady", async () => {
    const world = open();
    const { clock, links, lines, run } = world;
    const answering = links.server;
    await settled();
    for (const pause of [100, 200, 400]) {
      await away(world);
      links.server = answering;
      clock.advance(pause - 1);
      expect(await outcome(run())).toContain("is away");
      clock.advance(1);
      await settled();
      expect(await run()).toBe(7);
    }
    clock.advance(30_000);
    await away(world);
    links.server = answering;
    clock.advance(100);
    await settled();
    expect(await run()).toBe(7);
    expect(lines).toHaveLength(8);
  });

  test("goes on while the server takes connections and does not answer", async () => {
    const world = open();
    await settled();
    await away(world);
    const { clock, lines, links } = world;
    clock.advance(100);
    await settled();
    const probing = links.last;
    expect(probing.asked.map(({ command }) => command)).toEqual(["PING"]);
    clock.advance(5_000);
    await settled();
    expect(probing.isClosed).toBe(true);
    expect(lines).toHaveLength(1);
  });

  test("goes on while the server answers a PING and refuses to write", async () => {
    const world = open();
    await settled();
    await away(world);
    const { clock, lines, links, run } = world;
    links.server = ({ command, answer, refuse }) =>
      command === "PING" ? answer("PONG") : refuse("OOM command not allowed");
    clock.advance(100);
    await settled();
    expect(await outcome(run())).toBe("the shared store is away: no answer within 50ms");
    expect(lines).toHaveLength(1);
  });

  test("goes on while the probe takes longer than a request may wait", async () => {
    const world = open();
    await settled();
    await away(world);
    const { clock, lines, links } = world;
    links.server = ({ command, answer }) => command === "PING" && answer("PONG");
    clock.advance(100);
    await settled();
    clock.advance(50);
    await settled();
    expect(links.last.isClosed).toBe(true);
    expect(lines).toHaveLength(1);
  });

  test("is reported at the start with the server's own reason, and without the password", async () => {
    const { clock, links, lines } = open({}, () => {});
    await settled();
    links.last.break("WRONGPASS invalid username-password pair or user is disabled.");
    await settled();
    expect(lines).toEqual([
      "warn the shared store redis://store.test is away: WRONGPASS invalid username-password pair or user is disabled.; each gateway counts for itself until it is back",
    ]);
    links.server = serving(({ answer }) => answer(1));
    clock.advance(100);
    await settled();
    expect(lines.at(-1)).toStartWith("info the shared store redis://store.test is back");
  });
});

describe("a connection that closes", () => {
  test("is opened again at once, and calls wait for it", async () => {
    const { clock, links, lines, run } = open();
    await settled();
    clock.advance(2_000);
    links.last.break();
    expect(await run()).toBe(7);
    expect(links.links).toHaveLength(2);
    expect(lines).toEqual([]);
  });

  test("fails what was sent on it, once", async () => {
    const { clock, links, lines, run } = open();
    await settled();
    clock.advance(2_000);
    links.server = serving(() => {});
    const sent = Array.from({ length: 20 }, () => outcome(run()));
    await settled();
    links.server = serving(({ answer }) => answer(8));
    links.last.break();
    expect(new Set(await Promise.all(sent)).size).toBe(1);
    expect(await run()).toBe(8);
    expect(lines).toEqual([]);
  });

  test("is an outage when it has lived for less than a second", async () => {
    const { links, lines } = open();
    await settled();
    links.last.break();
    await settled();
    expect(links.links).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  test("is an outage when another one is refused", async () => {
    const { clock, links, lines, run } = open();
    await settled();
    clock.advance(2_000);
    links.server = () => {};
    links.last.break();
    const waiting = outcome(run());
    await settled();
    links.last.break();
    expect(await waiting).toBe("the shared store is away: it cannot be connected to");
    expect(lines).toHaveLength(1);
  });
});

describe("a store that no configuration names any more", () => {
  test("still serves what is in flight, and closes when nothing has used it for a minute", async () => {
    const { clock, links, store, run } = open();
    await settled();
    store.close();
    expect(await run()).toBe(7);
    clock.advance(59_000);
    expect(await run()).toBe(7);
    clock.advance(60_000);
    expect(links.last.isClosed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("opens again for a late call", async () => {
    const { clock, links, store, run } = open();
    await settled();
    store.close();
    clock.advance(60_000);
    expect(await run()).toBe(7);
    expect(links.links).toHaveLength(2);
    clock.advance(60_000);
    expect(links.last.isClosed).toBe(true);
  });

  test("says nothing any more", async () => {
    const world = open();
    await settled();
    world.store.close();
    await away(world);
    expect(world.lines).toEqual([]);
    world.clock.advance(60_000);
    expect(world.clock.pending).toBe(0);
  });
});
