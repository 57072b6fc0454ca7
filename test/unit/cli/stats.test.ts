import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { statsCommand } from "../../../src/cli/stats/stats.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { record, temporaryDirectory, writeLog } from "../telemetry/access-log/support.ts";
import { FakeConsole, given, refusal } from "./fake-console.ts";

const at = temporaryDirectory();
/** The fake console's. */
const NOW = Date.UTC(2026, 0, 1);
const once = statsCommand(() => Promise.resolve(false));

const rows = Array.from({ length: 60 }, (_, index) =>
  record({
    timestamp: NOW - (index % 50) * 60_000 - 1,
    route: index < 40 ? "/api/users/*" : "/orders",
    backend: "http://10.20.30.40:9001",
    statusCode: index % 10 === 0 ? 503 : 200,
    level: index % 10 === 0 ? "error" : "info",
    latencyMs: 5 + index,
    bytesOut: 2_000,
    subject: "ada",
    provider: index < 40 ? "keys" : "corp",
  }),
);

function databaseWith(records: readonly ExchangeRecord[]): string {
  return writeLog(at("gateway.db"), records);
}

async function run(
  flags: Record<string, string>,
  options: ConstructorParameters<typeof FakeConsole>[0] = {},
  command = once,
) {
  const console = new FakeConsole(options);
  const code = await command.run(given({ flags }), console);
  return { code, console, printed: console.printed, complaints: console.complaints };
}

test("groups are shown as a table, with the most requests first", async () => {
  const { code, printed, complaints } = await run({ database: databaseWith(rows) });
  expect([code, complaints]).toEqual([0, ""]);
  const lines = printed.split("\n");
  expect(lines.slice(0, 2)).toEqual([
    "2025-12-31 23:00 to 2026-01-01 00:01 UTC",
    expect.stringMatching(/^60 requests, 10% errors, p50 3[0-9]ms, p99 6[0-9]ms$/),
  ]);
  expect(lines[3]).toMatch(/^ROUTE +REQUESTS +OVER TIME +ERRORS +P50 +P90 +P99 +IN +OUT$/);
  expect(lines[4]).toMatch(/^\/api\/users\/\* +40 .*[▁-█].* +10% +24ms +39ms +44ms +120B +78KiB$/);
  expect(lines[5]).toMatch(/^\/orders +20 /);
});

test("those with most of something else come first, whatever their requests", async () => {
  const database = databaseWith(rows);
  const { printed } = await run({ database, sort: "p99", limit: "1", csv: "true" });
  expect(printed.split("\n").map((line) => line.split(",")[0])).toEqual(["route", "/orders", ""]);
});

test.each([30, 60, 80, 200])("no line is longer than a terminal of %i places", async (width) => {
  const { printed } = await run(
    { database: databaseWith(rows), by: "backend" },
    { width, color: { out: false } },
  );
  const longest = Math.max(
    ...printed
      .split("\n")
      .slice(2)
      .map((line) => Bun.stringWidth(line)),
  );
  expect(longest).toBeLessThanOrEqual(width);
  expect(printed).toMatch(/\n(?:http:\/\/10.20.30.40:9001|http:.*….*:9001) +60/);
});

test("error rates are coloured where there may be colours", async () => {
  const database = databaseWith(rows);
  expect((await run({ database }, { color: { out: true } })).printed).toContain(
    "\x1b[31m10%\x1b[39m",
  );
  expect((await run({ database })).printed).not.toContain("\x1b");
});

test("programs get JSON or comma-separated values", async () => {
  const database = databaseWith([...rows, record({ timestamp: NOW - 1, route: 'a,"b"' })]);
  const json = await run({ database, json: "true", by: "status" });
  expect(JSON.parse(json.printed)).toMatchObject({
    by: "status",
    totals: { requests: 61 },
    groups: [
      { value: "2xx", requests: 55 },
      { value: "5xx", requests: 6, error_rate: 1 },
    ],
  });
  const csv = (await run({ database, csv: "true" })).printed.split("\r\n");
  expect(csv[0]).toBe(
    "route,requests,errors,error_rate,p50_ms,p90_ms,p99_ms,bytes_in,bytes_out,tokens_in,tokens_out",
  );
  expect(csv[1]).toMatch(/^\/api\/users\/\*,40,4,0\.1,/);
  expect(csv[3]).toMatch(/^"a,""b""",1,0,0,/);
});

test("keys are the subjects of the configuration's providers of API keys", async () => {
  databaseWith(rows);
  const config = at("gateway.yaml");
  await Bun.write(
    config,
    `logging: { database: "${at("gateway.db")}" }
auth:
  keys: { api_key: { keys: { ada: "sha256:${"a1".repeat(32)}" } } }
  corp: { basic: { users: { ada: "$2b$12$C6UzMDM.H6dfI/f/IKcEeO7pBrTLqVnkkwR3nEv5x7pBqG1fGzWYq" } } }
routes: [{ path: /a, respond: { body: ok } }]
`,
  );
  const { printed, complaints } = await run({ config, by: "key", json: "true" });
  expect(complaints).toBe("");
  expect(JSON.parse(printed)).toMatchObject({ groups: [{ value: "keys/ada", requests: 40 }] });
});

describe("what cannot be shown", () => {
  test("is a window without requests, which names the one that has some", async () => {
    const database = databaseWith(rows);
    const { code, complaints } = await run({ database, since: "2024-01-01", until: "2024-01-02" });
    expect(code).toBe(1);
    expect(complaints).toBe(
      `gateway: no requests from 2024-01-01 00:00 to 2024-01-02 00:00 UTC; ${database} has requests from 2025-12-31 23:10 to 23:59 UTC\n`,
    );
    const models = await run({ database, by: "model" });
    expect(models.complaints).toContain("no requests with a model from");
  });

  test("is a file that is absent, empty or another program's", async () => {
    const missing = await run({ database: "/nowhere/gateway.db" });
    expect(missing.complaints).toBe(
      "gateway: there is no file /nowhere/gateway.db; a gateway writes it, --database FILE names another\n",
    );
    const empty = await run({ database: databaseWith([]) });
    expect(empty.complaints).toMatch(/gateway.db has no requests yet\n$/);
    const other = at("other.txt");
    await Bun.write(other, "This is text. ".repeat(100));
    expect((await run({ database: other })).complaints).toContain("other.txt");
  });

  test("is a command line that says what cannot be", async () => {
    const wrong = (flags: Record<string, string>) => refusal(() => run(flags));
    expect(await wrong({ by: "clients" })).toMatch(/not "clients", did you mean client\?$/);
    expect(await wrong({ since: "yesterday" })).toContain('not "yesterday"');
    expect(await wrong({ since: "1h", until: "2h" })).toBe("--since must be before --until");
    expect(await wrong({ by: "client", route: "/a" })).toContain("not kept for each route");
    expect(await wrong({ json: "true", csv: "true" })).toContain("two forms");
    expect(await wrong({ limit: "0" })).toContain("--limit");
    expect(await wrong({ sort: "eror" })).toContain("--sort takes requests, errors, ");
  });
});

test("a terminal is never filled beyond its last line", async () => {
  const many = Array.from({ length: 15 }, (_, index) =>
    record({ timestamp: NOW - 1, route: `/${index}` }),
  );
  const flags = { database: databaseWith(many), watch: "true" };
  const { console, printed } = await run(flags, { width: 80 });
  expect(printed.split("\n")).toHaveLength(console.rows() ?? 0);
});

test("it is drawn again in place on a terminal, also when there was nothing at first", async () => {
  const database = at("gateway.db");
  let pauses = 0;
  const command = statsCommand(async () => {
    pauses += 1;
    if (pauses === 1) databaseWith(rows);
    return pauses < 3;
  });
  const { code, printed } = await run({ database, watch: "true" }, { width: 80 }, command);
  const screens = printed.split("\x1b[H").slice(1);
  expect([code, pauses, screens.length]).toEqual([0, 3, 3]);
  expect(screens[0]).toStartWith("there is no file ");
  expect(screens[0]).toEndWith("\x1b[K\n\x1b[J");
  expect(screens[2]).toContain("/orders");
});

test("elsewhere each drawing follows the one before", async () => {
  const command = statsCommand(() => Promise.resolve(false));
  const flags = { database: databaseWith(rows), watch: "true", json: "true" };
  const { printed } = await run(flags, {}, command);
  expect(JSON.parse(printed)).toHaveProperty("groups");
});

test("a copy of the file alone is read", async () => {
  const database = databaseWith(rows);
  const copy = join(at("copy"), "log.db");
  await Bun.write(copy, Bun.file(database));
  const { code } = await run({ database: copy });
  expect(code).toBe(0);
});
