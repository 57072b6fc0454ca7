import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { logsCommand } from "../../../src/cli/logs/logs.ts";
import { widthOf } from "../../../src/cli/table.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { record, temporaryDirectory, writeLog } from "../telemetry/access-log/support.ts";
import { FakeConsole, given, refusal } from "./fake-console.ts";

const at = temporaryDirectory();
const once = logsCommand(() => Promise.resolve(false));

const rows = Array.from({ length: 60 }, (_, index) =>
  record({
    requestId: `id-${index}`,
    path: `/api/users/${index}/with/a/rather/long/path/that/needs/room`,
    backend: "http://10.20.30.40:9001",
    statusCode: index % 10 === 0 ? 503 : 200,
    errorCode: index % 10 === 0 ? "no_healthy_backend" : "",
    latencyMs: 5 + index,
    subject: "ada",
  }),
);

function write(records: readonly ExchangeRecord[], name = "gateway.db"): string {
  return writeLog(at(name), records);
}

async function run(
  flags: Record<string, string>,
  options: ConstructorParameters<typeof FakeConsole>[0] = {},
  operands: readonly string[] = [],
) {
  const console = new FakeConsole(options);
  const code = await once.run(given({ flags, operands }), console);
  const { printed, complaints } = console;
  return { code, printed, complaints, lines: printed.trimEnd().split("\n") };
}

describe("the log is shown", () => {
  test("that the configuration names", async () => {
    const database = write(rows.slice(0, 2));
    const config = at("gateway.yaml");
    writeFileSync(
      config,
      `logging: { database: ${database} }\nroutes: [{ path: /a, respond: {} }]\n`,
    );
    expect((await run({ config })).lines).toHaveLength(3);
    writeFileSync(config, "routes: 1\n");
    const { code, complaints } = await run({ config });
    expect(code).toBe(1);
    expect(complaints).toContain("1 error");
  });

  test("with the newest requests last, of those that meet the filters", async () => {
    const { code, lines, complaints } = await run({
      database: write(rows),
      status: "5xx",
      duration: "<=45ms",
      limit: "3",
    });
    expect([code, complaints]).toEqual([0, ""]);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^TIME +ID +STATUS +TOOK +METHOD +PATH +ERROR/);
    expect(lines[1]).toContain("/api/users/20/");
    expect(lines[3]).toContain("/api/users/40/");
    expect(lines[3]).toContain("2026-11-23T15:01:26.123Z  41     503  45ms  GET");
  });

  test.each([60, 80, 120, 200])("within the %d places of a terminal", async (width) => {
    const { lines } = await run({ database: write(rows) }, { width });
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    expect(lines[0]).toMatch(/TIME .*STATUS .*TOOK .*PATH/);
    expect(lines[0]?.includes("BACKEND")).toBe(width >= 200);
    expect(lines).toHaveLength(51);
  });

  test("in colour where that is wanted, and without where not", async () => {
    const database = write(rows);
    const colored = await run({ database, limit: "10" }, { color: { out: true }, width: 80 });
    expect(colored.printed).toContain("\u001b[31m503\u001b[39m");
    const plain = await run({ database, limit: "10" }, { width: 80 });
    expect(plain.printed).not.toContain("\u001b");
  });

  test("as JSON and as comma-separated values", async () => {
    const database = write(rows);
    const json = await run({ database, json: "true", "request-id": "id-7" });
    expect(JSON.parse(json.printed)).toMatchObject({ id: 8, status_code: 200, model: null });
    const csv = await run({ database, csv: "true", limit: "2" });
    expect(csv.printed.split("\r\n")[0]).toStartWith("id,level,message,timestamp,method,path");
    expect(csv.printed.split("\r\n")).toHaveLength(4);
    expect(await refusal(() => run({ database, csv: "true", json: "true" }))).toContain(
      "two forms",
    );
  });

  test("without what would control the terminal, whoever wrote it", async () => {
    const database = write([]);
    using db = new Database(database);
    db.run("INSERT INTO logs (path, method, status_code) VALUES ('/\u001b[2J\u202e', 'G\nT', 200)");
    for (const form of [{}, { csv: "true" }, { json: "true" }]) {
      const { printed } = await run({ database, ...form });
      for (const text of ["\u001b", "\u202e", "G\nT"]) expect(printed).not.toContain(text);
    }
  });

  test("or why there is nothing to show", async () => {
    const none = await run({ database: write(rows), route: "none-such" });
    expect([none.code, none.printed]).toEqual([0, ""]);
    expect(none.complaints).toContain("no request in");
    const missing = await run({ database: at("missing.db") });
    expect(missing.code).toBe(1);
    expect(missing.complaints).toContain("--database FILE names another");
    writeFileSync(at("damaged.db"), "x".repeat(5000));
    const damaged = await run({ database: at("damaged.db") });
    expect(damaged.complaints).toContain("damaged");
  });

  test("of the file that a configuration names", async () => {
    const database = write(rows);
    const config = at("gateway.yaml");
    writeFileSync(
      config,
      `logging: { database: ${database} }\nroutes: [{ path: /a, backends: ["http://127.0.0.1:9"] }]\n`,
    );
    expect((await run({ config, limit: "1" })).lines).toHaveLength(2);
  });
});

describe("a command line that means nothing", () => {
  test.each([
    [{ status: "abc" }, [], '--status cannot be "abc"; write 404, 5xx'],
    [{ "request-id": "" }, [], "--request-id needs a value"],
    [{ since: "1h", until: "2h" }, [], "until is not after since"],
    [{}, ["/users"], "filters are flags, like --path '/users'"],
    [{}, ["a.yaml"], 'unexpected argument "a.yaml" for `logs`, did you mean --config a.yaml?'],
    [{}, ["show"], "gateway logs show ID"],
    [{}, ["show", "1", "2"], 'unexpected argument "2"'],
    [{ follow: "true" }, ["show", "1"], "has no --follow"],
    [{ follow: "true", until: "1h" }, [], "--until is in the past"],
    [{ limit: "x" }, [], "--limit takes a whole number"],
  ] as const)("is refused: %j %j", async (flags, operands, words) => {
    expect(await refusal(() => run({ database: "x.db", ...flags }, {}, operands))).toContain(words);
  });
});

describe("one exchange is shown", () => {
  const decisions = {
    phases: [
      { phase: "route", at_ms: 0, took_ms: 0.1 },
      { phase: "send", at_ms: 0.1, took_ms: 9.9 },
    ],
    route: {
      outcome: "matched",
      id: "users",
      parameters: { id: "42" },
      candidates: [{ route: '"/users" (other)', why_not: "takes only POST" }],
      more: 2,
    },
    policies: [
      {
        name: "rate_limit",
        at_ms: 0,
        took_ms: 0.05,
        verdict: "refused",
        code: "rate_limited",
        out: { at_ms: 9, took_ms: 0.5, replaced: true },
      },
    ],
    split: { upstream: "a", by: "weight", choices: [] },
    picks: [
      {
        at_ms: 0,
        upstream: "u",
        backend: "http://b:1",
        others: [{ url: "http://c:1", why_not: "down", detail: "connect refused" }],
        more: 1,
      },
      { at_ms: 1, why_none: "full" },
    ],
    attempts: [
      { backend: "http://b:1", outcome: "answered", status: 200, at_ms: 1, took_ms: 8 },
      { backend: "http://c:1", outcome: "connect", error: "bad\u001bthing", at_ms: 1, took_ms: 8 },
    ],
    waits: [{ for: "retry", at_ms: 1, took_ms: 2 }],
    cache: "hit",
    new_thing: 1,
    more: 3,
  };
  const whole = record({
    requestId: "seven",
    decisions: JSON.stringify(decisions),
    requestFields: JSON.stringify([
      ["accept", "*/*"],
      ["", "3 more"],
    ]),
    responseFields: "no json",
    requestBody: JSON.stringify({ type: "text/plain", bytes: 9, text: "one\ntwo\u001b" }),
    responseBody: JSON.stringify("text"),
  });

  test("with its fields, contents and decisions", async () => {
    const database = write([...rows, whole]);
    const { code, printed } = await run({ database }, { width: 120 }, ["show", "seven"]);
    expect(code).toBe(0);
    for (const words of [
      "request_id        seven",
      "  route: matched users id=42",
      '    not "/users" (other): takes only POST',
      "refused rate_limited (out: 0.5 ms, replaced)",
      "  split: a, by weight",
      "  pick of u: http://b:1",
      "    not http://c:1: down (connect refused)",
      "  pick: none, full",
      "answered 200",
      "connect bad\\x1bthing",
      "wait for retry",
      "  cache: hit",
      "  new_thing: 1",
      "  (3 more were left out)",
      "request fields\n  accept: */*\n  (3 more)",
      "response fields\n  no json",
      "request content\n  (text/plain, 9B)\n  one\n  two\\x1b",
      'response content\n  "text"',
    ]) {
      expect(printed).toContain(words);
    }
    const byRow = await run({ database }, { width: 120 }, ["show", "61"]);
    expect(byRow.printed).toBe(printed);
  });

  test("as JSON", async () => {
    const { printed } = await run({ database: write([whole]), json: "true" }, {}, ["show", "1"]);
    expect(JSON.parse(printed)).toMatchObject({ request_id: "seven", decisions: { cache: "hit" } });
  });

  test("or that there is none", async () => {
    const { code, complaints } = await run({ database: write(rows) }, {}, ["show", "nobody"]);
    expect(code).toBe(1);
    expect(complaints).toContain("has no request nobody");
  });
});

describe("the log is followed", () => {
  /** Follows through the steps, one between two looks at the file. */
  async function follow(
    database: string,
    steps: readonly ((console: FakeConsole) => void)[],
    flags: Record<string, string> = {},
  ) {
    const console = new FakeConsole();
    const left = [...steps];
    const command = logsCommand(() => {
      const step = left.shift();
      step?.(console);
      return Promise.resolve(left.length > 0 || step !== undefined);
    });
    const input = given({ flags: { follow: "true", json: "true", database, ...flags } });
    const code = await command.run(input, console);
    const ids = console.printed
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { request_id: string }).request_id);
    return { code, ids, complaints: console.complaints };
  }

  test("from its newest rows on, as rows are written", async () => {
    const database = write(rows);
    const { code, ids } = await follow(
      database,
      [
        () => write([record({ requestId: "new" }), record({ requestId: "bad", statusCode: 500 })]),
        () => write([record({ requestId: "newer" })]),
      ],
      { limit: "2", status: "200" },
    );
    expect(code).toBe(0);
    expect(ids).toEqual(["id-58", "id-59", "new", "newer"]);
  });

  test("when it is not there yet, and when another file takes its place", async () => {
    const database = at("gateway.db");
    const { ids, complaints } = await follow(database, [
      () => write([record({ requestId: "first" })]),
      () => {
        renameSync(database, at("old.db"));
      },
      () => write([record({ requestId: "second" })]),
    ]);
    expect(ids).toEqual(["first", "second"]);
    expect(complaints).toBe("");
  });

  test("until somebody stops it", async () => {
    const console = new FakeConsole();
    const command = logsCommand(async () => {
      console.stop("SIGINT");
      await new Promise(() => {});
      return true;
    });
    const flags = { follow: "true", database: write(rows) };
    expect(await command.run(given({ flags }), console)).toBe(0);
  });
});
