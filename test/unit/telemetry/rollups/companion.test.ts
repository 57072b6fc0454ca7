import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { ENTRIES_PER_MERGE } from "../../../../src/telemetry/rollups/batch-merger.ts";
import { Histogram } from "../../../../src/telemetry/rollups/histogram.ts";
import { record, records, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";

const at = temporaryDirectory();
const NOON = Date.UTC(2026, 10, 23, 12);
const MINUTE = 60_000;

type Row = Readonly<Record<string, string | number | Uint8Array>>;

function read(path: string, sql: string): Row[] {
  using db = new Database(path, { readonly: true });
  return db.query<Row, []>(sql).all();
}

const ROLLUPS = `SELECT step, at, route, backend, class, rollups.requests, errors, bytes_out, latency_us
  FROM rollups JOIN rollup_series ON series = id ORDER BY step, at, route, class`;

function countOf(row: Row | undefined): number {
  const histogram = new Histogram();
  histogram.mergeEncoded(row?.["latencies"] as Uint8Array);
  return histogram.count;
}

test("rows are summed up by minute, hour and day as they are written", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  const ordinary = { route: "/a", backend: "http://b", bytesOut: 10, latencyMs: 2 };
  store.append([
    record({ ...ordinary, timestamp: NOON }),
    record({ ...ordinary, timestamp: NOON + MINUTE - 1 }),
    record({ ...ordinary, timestamp: NOON + MINUTE, level: "error", statusCode: 502 }),
  ]);
  store.append([record({ ...ordinary, timestamp: NOON + 1 })]);
  store.close();

  const begin = NOON / 1_000;
  const day = begin - 43_200;
  const row = (step: number, start: number, statusClass: number, requests: number) => ({
    step,
    at: start,
    route: "/a",
    backend: "http://b",
    class: statusClass,
    requests,
    errors: statusClass === 5 ? requests : 0,
    bytes_out: 10 * requests,
    latency_us: 2_000 * requests,
  });
  expect(read(path, ROLLUPS)).toEqual([
    row(60, begin, 2, 3),
    row(60, begin + 60, 5, 1),
    row(3_600, begin, 2, 3),
    row(3_600, begin, 5, 1),
    row(86_400, day, 2, 3),
    row(86_400, day, 5, 1),
  ]);
  const [total] = read(path, "SELECT * FROM rollup_totals WHERE step = 86400 AND class = 2");
  expect(total).toMatchObject({ requests: 3, latency_us: 6_000 });
  expect(countOf(total)).toBe(3);
});

test("what two gateways write to one file is added, and nothing is lost by a restart", () => {
  const path = at("log.db");
  const first = Store.open(path, UNLIMITED);
  const second = Store.open(path, UNLIMITED);
  first.append(records(3, { timestamp: NOON }));
  second.append(records(4, { timestamp: NOON }));
  first.append(records(5, { timestamp: NOON }));
  first.close();
  second.close();
  const third = Store.open(path, UNLIMITED);
  third.append(records(6, { timestamp: NOON }));
  third.close();
  for (const row of read(path, "SELECT requests, latencies FROM rollup_totals")) {
    expect([row["requests"], countOf(row)]).toEqual([18, 18]);
  }
});

test("an exchange without a row is counted as well", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append(records(2, { isLogged: false }));
  store.close();
  expect(read(path, "SELECT id FROM logs")).toEqual([]);
  expect(read(path, "SELECT requests FROM rollup_totals WHERE step = 60")).toEqual([
    { requests: 2 },
  ]);
});

test("rows that are rolled back are not counted", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  {
    using db = new Database(path);
    db.run(`CREATE TRIGGER refuse BEFORE INSERT ON rollup_batches WHEN instr(new.texts, 'refused') > 0
      BEGIN SELECT raise(ABORT, 'no'); END`);
  }
  expect(() => store.append([record({ clientIp: "refused" })])).toThrow("no");
  store.append([record()]);
  store.close();
  expect(read(path, "SELECT requests FROM rollup_totals WHERE step = 60")).toEqual([
    { requests: 1 },
  ]);
  expect(read(path, "SELECT value FROM rollup_usage WHERE step = 60")).toEqual([
    { value: "127.0.0.1" },
  ]);
});

test("what a gateway that died has written is summed up once by the next", async () => {
  const path = at("log.db");
  const dead = Store.open(path, UNLIMITED);
  dead.append(records(3, { timestamp: NOON }));
  dead.append(records(4, { timestamp: NOON + MINUTE }));
  expect(read(path, "SELECT * FROM rollup_totals")).toEqual([]);
  dead.abandon();
  const next = Store.open(path, UNLIMITED);
  await next.retention(NOON);
  await next.retention(NOON);
  expect(read(path, "SELECT step, requests FROM rollup_totals ORDER BY step, at")).toEqual([
    { step: 60, requests: 3 },
    { step: 60, requests: 4 },
    { step: 3_600, requests: 7 },
    { step: 86_400, requests: 7 },
  ]);
  expect(read(path, "SELECT requests FROM rollup_series")).toEqual([{ requests: 7 }]);
  expect(read(path, "SELECT id FROM rollup_batches")).toEqual([]);
  next.close();
});

test("sums that cannot be merged stay, and are merged later", async () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append([record()]);
  using db = new Database(path);
  db.run(
    "CREATE TRIGGER refuse BEFORE INSERT ON rollup_usage BEGIN SELECT raise(ABORT, 'no'); END",
  );
  expect(store.retention(NOON)).rejects.toThrow("no");
  expect(read(path, "SELECT requests FROM rollup_totals")).toEqual([]);
  db.run("DROP TRIGGER refuse");
  await store.retention(NOON);
  expect(read(path, "SELECT requests FROM rollup_totals WHERE step = 60")).toEqual([
    { requests: 1 },
  ]);
  store.close();
});

test("sums of batches are merged when they are many, without waiting", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  const batch = Array.from({ length: 1_000 }, (_, index) => record({ clientIp: `c${index}` }));
  const batches = Math.ceil(ENTRIES_PER_MERGE / batch.length);
  for (let written = 0; written < batches; written += 1) store.append(batch);
  expect(read(path, "SELECT id FROM rollup_batches")).toEqual([]);
  store.append(batch);
  expect(read(path, "SELECT requests FROM rollup_batches")).toEqual([{ requests: 1_000 }]);
  store.close();
});

test("an error is what backends and the gateway are to blame for", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append([
    record({ statusCode: 404, level: "warn" }),
    record({ statusCode: 499, level: "warn", endedBy: "client", errorCode: "client_closed" }),
    record({ statusCode: 500, level: "error" }),
    // A gRPC answer, and one that broke off in the middle.
    record({ statusCode: 200, level: "error" }),
    record({ statusCode: 200, endedBy: "backend", errorCode: "backend_answer_incomplete" }),
  ]);
  store.close();
  expect(
    read(path, "SELECT class, errors FROM rollup_totals WHERE step = 60 ORDER BY class"),
  ).toEqual([
    { class: 2, errors: 2 },
    { class: 4, errors: 0 },
    { class: 5, errors: 1 },
  ]);
});

test("how long a WebSocket was open is no latency", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append([record({ statusCode: 101, latencyMs: 3_600_000 })]);
  store.close();
  const [row] = read(path, "SELECT * FROM rollup_totals WHERE step = 60");
  expect(row).toMatchObject({ requests: 1, latency_us: 0 });
  expect(countOf(row)).toBe(0);
});

test("usage is summed up by client, subject, model, policy and error", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append([
    record({ subject: "ada", provider: "keys", model: "m-1", tokensIn: 5, tokensOut: 7 }),
    record({ subject: "ada", provider: "keys", model: "m-1", tokensIn: -1, tokensOut: 1 }),
    record({ refusedBy: "rate_limit", errorCode: "rate_limited", statusCode: 429 }),
  ]);
  store.close();
  const rows = read(
    path,
    "SELECT kind, value, requests, tokens_in, tokens_out FROM rollup_usage WHERE step = 86400 ORDER BY kind",
  );
  const row = (kind: string, value: string, requests: number, tokensIn = 0, tokensOut = 0) => ({
    kind,
    value,
    requests,
    tokens_in: tokensIn,
    tokens_out: tokensOut,
  });
  expect(rows).toEqual([
    row("client", "127.0.0.1", 3, 5, 8),
    row("error", "rate_limited", 1),
    row("model", "m-1", 2, 5, 8),
    row("refused_by", "rate_limit", 1),
    row("subject", "keys/ada", 2, 5, 8),
  ]);
});

test("usage is bounded, and who sends much has a place of their own all the same", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  const clients = Array.from({ length: 3_000 }, (_, index) => record({ clientIp: `c${index}` }));
  store.append(clients);
  store.append([
    ...clients.slice(0, 10),
    ...Array.from({ length: 20 }, () => record({ clientIp: "greedy" })),
  ]);
  store.close();
  for (const step of [60, 3_600, 86_400]) {
    const rows = read(path, `SELECT value, requests FROM rollup_usage WHERE step = ${step}`);
    expect(rows).toHaveLength(502);
    const byValue = Object.fromEntries(rows.map((row) => [row["value"], row["requests"]]));
    expect(byValue).toMatchObject({ c0: 2, greedy: 20, "(others)": 2_500 });
  }
});

test("when a route and backend were first and last used stays with their series", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append(records(2, { route: "/a", timestamp: NOON + 5 }));
  store.append([record({ route: "/a", timestamp: NOON + 90_001 })]);
  store.close();
  expect(read(path, "SELECT route, class, first_at, last_at, requests FROM rollup_series")).toEqual(
    [{ route: "/a", class: 2, first_at: NOON, last_at: NOON + 90_001, requests: 3 }],
  );
});
