import { describe, expect, test } from "bun:test";
import { Live } from "../../../../src/telemetry/live/live.ts";
import { exchangeRecord } from "../../../support/exchange-record.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function watched(settings: Partial<ConstructorParameters<typeof Live>[0]> = {}) {
  const clock = new FakeClock();
  const live = new Live({ clock, inFlight: () => 3, ...settings });
  const reading = (...given: Parameters<Live["subscribe"]>) => {
    const stream = live.subscribe(...given);
    if (stream === undefined) throw new Error("there is no room");
    const reader = stream.getReader();
    const decoder = new TextDecoder();
    return { reader, next: async () => decoder.decode((await reader.read()).value) };
  };
  return { clock, live, reading };
}

const dataOf = (event: string): unknown => JSON.parse(/^data: (.*)$/m.exec(event)?.[1] ?? "null");

describe("who watches", () => {
  test("is told the sums of each second, by route and backend", async () => {
    const { clock, live, reading } = watched();
    const { next } = reading();
    expect(await next()).toBe("retry: 2000\n\n");
    live.add(exchangeRecord({ route: "/a", backend: "http://b", latencyMs: 8, bytesOut: 5 }));
    live.add(
      exchangeRecord({ route: "/a", statusCode: 503, errorCode: "overloaded", latencyMs: 800 }),
    );
    clock.advance(1_000);

    const second = await next();
    expect(second).toStartWith("event: second\n");
    expect(dataOf(second)).toMatchObject({
      requests: 2,
      errors: 1,
      bytes_out: 5,
      in_flight: 3,
      routes: [{ id: "/a", requests: 2, errors: 1 }],
      backends: [{ url: "http://b", requests: 1, errors: 0 }],
    });
    expect(second).not.toContain('"in_flight":null');
    const { p50_ms: p50, p99_ms: p99 } = dataOf(second) as { p50_ms: number; p99_ms: number };
    expect(Math.abs(p50 / 8 - 1)).toBeLessThan(0.05);
    expect(Math.abs(p99 / 800 - 1)).toBeLessThan(0.05);
    clock.advance(1_000);
    expect(dataOf(await next())).toMatchObject({ requests: 0, p50_ms: null, routes: [] });
  });

  test("is told nothing more once it may not watch", async () => {
    const { clock, live, reading } = watched();
    let isIn = true;
    const { reader } = reading({ mayWatch: () => isIn });
    await reader.read();
    isIn = false;
    clock.advance(1_000);
    expect((await reader.read()).done).toBe(true);
    expect(live.watching).toBe(0);
  });

  test("gets the rows it wants, and is told how many there was no room for", async () => {
    const { clock, live, reading } = watched();
    const { next } = reading({ wants: ({ statusCode }) => statusCode >= 500 });
    await next();
    live.add(exchangeRecord({ path: "/fine" }));
    for (let rows = 0; rows < 30; rows += 1) {
      live.add(exchangeRecord({ path: "/\u001B[31m", statusCode: 500 }));
    }
    clock.advance(250);

    const told = dataOf(await next()) as { rows: { path: string }[]; skipped: number };
    expect([told.rows.length, told.skipped]).toEqual([25, 5]);
    expect(told.rows[0]).toMatchObject({ status_code: 500, path: String.raw`/\x1b[31m` });
  });

  test("is sent the last seconds first, as long as somebody has watched", async () => {
    const { clock, live, reading } = watched();
    const first = reading();
    live.add(exchangeRecord());
    clock.advance(1_000);
    clock.advance(1_000);
    await first.reader.cancel();
    const told = await reading({ history: 2 }).next();
    expect(told.match(/^event: second$/gm)).toHaveLength(2);
    expect(await reading({ history: 1 }).next()).toContain('"requests":0');
  });

  test("hears something while nothing happens, and of backends that change", async () => {
    let state = "1";
    const { clock, reading } = watched({ backends: () => state });
    const { next } = reading();
    await next();
    state = "2";
    clock.advance(500);
    expect(await next()).toBe("event: backends\ndata: 2\n\n");
    clock.advance(15_000);
    expect(await next()).toContain(": still here\n\n");
  });

  test("is dropped if it does not read, and nothing waits for it any more", async () => {
    const { live, reading } = watched();
    const { reader } = reading();
    for (let sent = 0; sent < 20; sent += 1) live.announce("test", "x".repeat(50_000));
    expect(live.watching).toBe(0);
    expect((await reader.read()).done).toBe(true);
  });
});

test("while nobody watches, records are counted and nothing is scheduled", async () => {
  const { clock, live, reading } = watched();
  live.add(exchangeRecord());
  expect([live.total, clock.pending]).toEqual([1, 0]);
  const { reader } = reading();
  await reader.cancel();
  expect(clock.pending).toBeGreaterThan(0);
  clock.advance(62_000);
  expect([live.watching, clock.pending]).toEqual([0, 0]);
});

test("there is room for 64, and none once it is closed", async () => {
  const { live, reading } = watched();
  const readers = Array.from({ length: 64 }, () => reading());
  expect(live.subscribe()).toBeUndefined();
  await readers[0]?.reader.cancel();
  expect(live.subscribe()).toBeDefined();
  live.close();
  expect([live.watching, live.subscribe()]).toEqual([0, undefined]);
});
