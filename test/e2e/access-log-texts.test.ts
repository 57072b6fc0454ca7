import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

async function startLogging(format: "text" | "json"): Promise<GatewayProcess> {
  const mock = await startMockProcess(stage, "A");
  return startGateway(stage, {
    health_check: noHealthChecks,
    logging: { format },
    routes: [{ path: "/*", backends: [mock.url] }],
  });
}

/** Hostile bytes, one character each, in every place that a client can put them. */
const attacks: readonly string[][] = [
  // A path that is taken as it is, for the Host is no good.
  ["GET /\xC2\x9B31mred HTTP/1.1", "Host: a b"],
  ["GET /\xC2\x85next\xE2\x80\xAEright HTTP/1.1", "Host: a b"],
  ["GET /\xE2\x80\xA8line\xE2\x80\xA9end HTTP/1.1", "Host: a b"],
  ["GET /a?b=\xC2\x9B2J\xE2\x81\xA6 HTTP/1.1", "Host: gateway", "User-Agent: x\xC2\x9B31m\tend"],
  ["GET /a HTTP/1.1", "Host: gateway", "User-Agent: \xE2\x80\xAE\xD8\x9C\xEF\xBB\xBF\\ok\x80\xFF"],
  ["GET /a%0A%1B[31m HTTP/1.1", "Host: gateway"],
];

// oxlint-disable-next-line no-control-regex -- these are what is looked for
const HIDDEN = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/;

test.each(["text", "json"] as const)(
  "no control character of a client reaches a %s line or a row",
  async (format) => {
    const gateway = await startLogging(format);
    const before = gateway.lines.all.length;
    for (const lines of attacks) await askRaw(gateway.port, lines);
    await ask(`${gateway.url}/last`);
    await gateway.lines.waitFor(/\/last/);
    const lines = gateway.lines.all.slice(before);

    expect(lines.filter((line) => HIDDEN.test(line))).toEqual([]);
    // None of them makes a second line.
    const rows = await eventually(() => {
      const found = gateway.rows();
      return found.at(-1)?.path === "/last" && found;
    });
    expect(lines.filter((line) => / - \d{3}/.test(line))).toHaveLength(rows.length);
    const texts = rows
      .flatMap((row) => Object.values(row))
      .filter((one) => typeof one === "string");
    expect(texts.filter((text) => HIDDEN.test(text))).toEqual([]);
    expect(rows.length).toBeGreaterThan(attacks.length / 2);
    expect(texts.some((text) => text.includes("\\x9b"))).toBe(true);
  },
);

test("secrets in queries are in neither rows nor lines", async () => {
  for (const format of ["text", "json"] as const) {
    const gateway = await startLogging(format);
    await ask(`${gateway.url}/echo?page=2&Access_Token=hush-1&user[password]=hush-2&code=hush-3`);
    await ask(`${gateway.url}/last`);
    const row = await eventually(() => gateway.rows().find(({ path }) => path === "/echo"));
    expect(row.query).toBe(
      "?page=2&Access_Token=[redacted]&user[password]=[redacted]&code=[redacted]",
    );
    await gateway.lines.waitFor(/\/last/);
    expect(gateway.lines.text).not.toContain("hush");
    expect(JSON.stringify(gateway.rows())).not.toContain("hush");
  }
});

test("the backend still gets what the log leaves out", async () => {
  const gateway = await startLogging("text");
  const echo = await (await ask(`${gateway.url}/echo?token=hush`)).text();
  expect(echo).toContain("token=hush");
});

test("the queries by time of the README, the docs and the help answer right", async () => {
  const gateway = await startLogging("text");
  await ask(`${gateway.url}/now`);
  await eventually(() => gateway.rows().length > 0);
  {
    using db = new Database(gateway.database);
    const hours = (ago: number) => new Date(Date.now() - ago * 3_600_000).toISOString();
    const insert = db.query(
      "INSERT INTO logs (source, timestamp, path, status_code, error_code) VALUES ('gateway', ?, ?, 500, 'internal_error')",
    );
    insert.run(hours(0.9), "/fifty-four-minutes-ago");
    insert.run(hours(1.1), "/sixty-six-minutes-ago");
    insert.run(hours(30), "/yesterday");
  }
  const readme = await Bun.file(`${import.meta.dir}/../../README.md`).text();
  const page = await Bun.file(`${import.meta.dir}/../../docs/access-log.md`).text();
  const help = await runToEnd(stage, ["help", "serve"]);
  const texts = `${readme}\n${page}\n${help.out}`;
  const queries = [...texts.matchAll(/^ *sqlite3 gateway\.db "(.*)"/gm)].map(([, sql = ""]) => sql);
  const byTime = queries.filter((sql) => sql.includes("-1 hour"));
  expect(byTime.length).toBeGreaterThanOrEqual(5);
  using db = new Database(gateway.database, { readonly: true });
  for (const sql of queries) {
    expect(() => db.query(sql).all()).not.toThrow();
  }
  for (const sql of byTime) {
    const found = JSON.stringify(db.query(sql).all());
    expect(found).toContain("/fifty-four-minutes-ago");
    expect(found).not.toContain("/sixty-six-minutes-ago");
    expect(found).not.toContain("/yesterday");
  }
});

test.each(["UTC", "America/New_York", "Asia/Kathmandu"])(
  "times of lines and rows are UTC and say so, where the zone is %s",
  async (TZ) => {
    const mock = await startMockProcess(stage, "A");
    const before = Date.now();
    const gateway = await startGateway(
      stage,
      { routes: [{ path: "/*", backends: [mock.url] }] },
      { env: { TZ } },
    );
    await ask(`${gateway.url}/a`);
    const line = await gateway.lines.waitFor(/GET \/a - 404/);
    const row = await eventually(() => gateway.rows()[0]);
    for (const time of [line.slice(0, 24), row.timestamp]) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Date.parse(time)).toBeGreaterThanOrEqual(before - 1);
      expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
    }
  },
);
