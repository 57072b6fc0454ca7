import { expect, test } from "bun:test";
import { routes } from "../../../src/cli/routes/routes.ts";
import type { UsageReport } from "../../../src/runtime/explain/route-usage.ts";
import { Store } from "../../../src/telemetry/access-log/store.ts";
import { record, temporaryDirectory, UNLIMITED } from "../telemetry/access-log/support.ts";
import { FakeConsole, given, refusal } from "./fake-console.ts";

const at = temporaryDirectory();
/** The fake console's. */
const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

const CONFIG = `
upstreams: { users: ["http://u.test"], spare: ["http://s.test"] }
routes:
  - { name: users, path: /users, methods: [GET], upstream: users }
  - { name: again, path: /again, methods: [GET], upstream: spare }
  - { name: rare, path: /rare, hosts: [a.test], respond: 204 }
`;

async function run(flags: Record<string, string> = {}, hasRows = true) {
  const config = at("gateway.yaml");
  const database = at(`${crypto.randomUUID()}.db`);
  await Bun.write(config, CONFIG);
  const store = Store.open(database, UNLIMITED);
  const row = (age: number, changes: Parameters<typeof record>[0]) =>
    record({ timestamp: NOW - age, latencyMs: 12, ...changes });
  if (hasRows) {
    store.append([
      row(40 * DAY, { route: "gone", backend: "http://old.test" }),
      row(35 * DAY, { route: "rare" }),
      row(3_600_000 * 3, {
        route: "users",
        upstream: "users",
        backend: "http://u.test",
        subject: "ada",
        provider: "keys",
      }),
    ]);
  }
  store.close();
  const console = new FakeConsole();
  const code = await routes.run(given({ flags: { config, database, ...flags } }), console);
  return { code, console };
}

test("routes are listed with their use, and dead ones named", async () => {
  const { code, console } = await run();
  expect([code, console.complaints]).toEqual([0, ""]);
  const lines = console.printed.split("\n");
  expect(lines[0]).toMatch(/^ROUTE +MATCHES +ENDS IN +REQUESTS +ERRORS +P99 +LAST USED$/);
  expect(lines[1]).toMatch(/^users +GET \/users +upstream +1 +0% +12ms +3h ago$/);
  expect(lines[2]).toMatch(/^again +GET \/again +upstream +0 +- +- +never$/);
  expect(lines[3]).toMatch(/^rare +a\.test\/rare +respond +0 +- +- +35d ago$/);
  expect(console.printed).toContain("dead: again, rare\n");
  expect(console.printed).toContain("no more in the configuration: gone\n");
  expect(console.printed).not.toContain("the log begins");
});

test("a log that begins within the window is told", async () => {
  const { console } = await run({ since: "90d" });
  expect(console.printed).toContain("the log begins at 2025-11-2");
  expect(console.printed).toContain("dead: again\n");
  const empty = await run({}, false);
  expect(empty.console.printed).toContain("the log has no requests yet");
});

test("upstreams, backends and keys are listed when they are asked for", async () => {
  const { console } = await run({ backends: "", keys: "" });
  expect(console.printed).toMatch(/\nspare +0 +- +- +never\n/);
  expect(console.printed).toMatch(/\nhttp:\/\/u\.test +1 +0% +12ms +3h ago\n/);
  expect(console.printed).toMatch(/\nkeys +ada +1 +3h ago\n/);
});

test("all of it is there as JSON", async () => {
  const { console } = await run({ json: "" });
  const report = JSON.parse(console.printed) as UsageReport;
  expect(report).toMatchObject({
    is_whole: true,
    routes: [
      { id: "users", ends_in: "upstream", requests: 1, error_rate: 0, dead: false },
      { id: "again", requests: 0, p99_ms: null, last_used_at: null, dead: true },
      { id: "rare", hosts: ["a.test"], dead: true },
    ],
    upstreams: [
      { name: "users", dead: false },
      { name: "spare", dead: true },
    ],
    backends: [{ url: "http://u.test", requests: 1 }, { url: "http://s.test" }],
    gone: [{ route: "gone" }],
    subjects: [{ provider: "keys", subject: "ada", requests: 1 }],
  });
});

test("a missing log and an impossible time are refused", async () => {
  const { code, console } = await run({ database: at("no.db") });
  expect(code).toBe(1);
  expect(console.complaints).toContain("there is no file");
  expect(await refusal(() => run({ since: "soon" }))).toContain("--since takes 30d");
});
