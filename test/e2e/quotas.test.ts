import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** The period is a month, so that none ends while a test runs. */
const quota = (limit: number, more: object = {}) => ({ limit, per: "month", key: "all", ...more });

const route = (path: string, of: unknown, more: object = {}) => ({
  path,
  respond: { body: "ok" },
  quota: of,
  ...more,
});

const statuses = async (gateway: GatewayProcess, path: string, count: number, init = {}) => {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) {
    all.push((await ask(gateway.url + path, init)).status);
  }
  return all;
};

const fileOf = ({ database }: GatewayProcess) => join(dirname(database), "gateway-quotas.db");

/** What the file has, by quota. */
function usedIn(file: string): Record<string, number> {
  try {
    using db = new Database(file, { readonly: true });
    const rows = db.query<{ quota: string; used: number }, []>("SELECT quota, used FROM usage");
    return Object.fromEntries(rows.all().map(({ quota, used }) => [quota, used]));
  } catch {
    return {};
  }
}

async function startTwice(config: TestConfig) {
  const cwd = stage.folder();
  const first = await startGateway(stage, config, { cwd });
  return { first, again: () => startGateway(stage, config, { cwd }) };
}

test("what was counted before a restart counts after it", async () => {
  const { first, again } = await startTwice({ routes: [route("/a", quota(3))] });
  expect(await statuses(first, "/a", 2)).toEqual([200, 200]);
  expect(await first.stop()).toBe(0);
  const second = await again();
  expect(await statuses(second, "/a", 3)).toEqual([200, 429, 429]);
  expect(statSync(fileOf(second)).mode & 0o777).toBe(0o600);

  const problem = await problemOf(await ask(`${second.url}/a`));
  expect(problem).toMatchObject({ code: "quota_exceeded", limit: 3, per: "month" });
  const { resets_at: resetsAt } = problem as unknown as { resets_at: string };
  const { headers } = await ask(`${second.url}/a`);
  const seconds = Number(headers.get("retry-after"));
  expect(Math.abs(Date.now() + seconds * 1000 - Date.parse(resetsAt))).toBeLessThan(60_000);
  expect(headers.get("ratelimit")).toMatch(/^"\/a per month";r=0;t=[0-9]+$/);
});

test("what was counted a second before the process was killed counts after it", async () => {
  const { first, again } = await startTwice({ routes: [route("/a", quota(3))] });
  await statuses(first, "/a", 2);
  await eventually(() => usedIn(fileOf(first))["/a"] === 2);
  first.kill("SIGKILL");
  await first.exited;
  expect(await statuses(await again(), "/a", 2)).toEqual([200, 429]);
});

test("requests that come at the same time get exactly the limit", async () => {
  const gateway = await startGateway(stage, { routes: [route("/a", quota(50))] });
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask(`${gateway.url}/a`)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
  await eventually(() => usedIn(fileOf(gateway))["/a"] === 50);
});

test("reloads in the middle of traffic neither lose nor double anything", async () => {
  const config = (status: number): TestConfig => ({
    routes: [route("/a", quota(60)), { path: "/b", respond: status }],
  });
  const gateway = await startGateway(stage, config(200));
  const traffic = { isOver: false };
  let admitted = 0;
  const send = async () => {
    while (!traffic.isOver) if ((await ask(`${gateway.url}/a`)).status === 200) admitted += 1;
  };
  const senders = Array.from({ length: 8 }, send);
  for (const status of [201, 202, 203]) await gateway.reload(config(status));
  await eventually(() => admitted >= 60);
  traffic.isOver = true;
  await Promise.all(senders);
  expect(admitted).toBe(60);
  expect(await gateway.stop()).toBe(0);
  expect(usedIn(fileOf(gateway))["/a"]).toBe(60);
});

test("routes draw from one quota by its name, and a reload keeps what was counted", async () => {
  const config = (limit: number): TestConfig => ({
    routes: [
      route("/users", quota(limit, { name: "api" })),
      route("/orders", quota(limit, { name: "api", cost: 2 })),
      route("/others", quota(1)),
    ],
  });
  const gateway = await startGateway(stage, config(4));
  expect(await statuses(gateway, "/users", 1)).toEqual([200]);
  expect(await statuses(gateway, "/orders", 2)).toEqual([200, 429]);
  expect(await statuses(gateway, "/others", 2)).toEqual([200, 429]);
  await gateway.reload(config(5));
  expect(await statuses(gateway, "/orders", 2)).toEqual([200, 429]);
  await gateway.reload({ routes: [route("/others", quota(2))] });
  expect(await statuses(gateway, "/others", 2)).toEqual([200, 429]);
  await gateway.reload(config(6));
  expect(await statuses(gateway, "/users", 2)).toEqual([200, 429]);
});

test("each key has a quota of its own", async () => {
  const gateway = await startGateway(stage, {
    routes: [route("/a", quota(2, { key: "{header.x-tenant}" }))],
  });
  const of = (tenant: string) => ({ headers: { "x-tenant": tenant } });
  expect(await statuses(gateway, "/a", 3, of("acme"))).toEqual([200, 200, 429]);
  expect(await statuses(gateway, "/a", 2, of("globex"))).toEqual([200, 200]);
});

test("what a later policy refuses, or no backend could answer, is given back", async () => {
  const gateway = await startGateway(stage, {
    routes: [
      { path: "/gone", backends: ["http://127.0.0.1:1"], health_check: false, quota: quota(2) },
    ],
  });
  expect(await statuses(gateway, "/gone", 4)).toEqual([502, 502, 502, 502]);
});

test("`gateway quota` shows what was used and changes it, and reads the file when no gateway runs", async () => {
  const cwd = stage.folder();
  const gateway = await startGateway(
    stage,
    {
      admin: { listen: "127.0.0.1:0", token: "${ADMIN_TOKEN}" },
      routes: [
        route("/a", quota(3, { name: "api", key: "{header.x-tenant}" })),
        route("/b", quota(1)),
      ],
    },
    { cwd, env: { ADMIN_TOKEN: "secret" } },
  );
  const of = (tenant: string) => ({ headers: { "x-tenant": tenant } });
  await statuses(gateway, "/a", 4, of("acme"));
  await statuses(gateway, "/a", 1, of("globex"));
  const at = ["--admin", gateway.adminUrl, "--token", "secret"];
  const run = (...words: string[]) =>
    runToEnd(stage, ["quota", ...words], { cwd, env: { ADMIN_TOKEN: "secret" } });

  const shown = await run(...at);
  expect([shown.code, shown.err]).toEqual([0, ""]);
  expect(shown.out.split("\n").map((line) => line.split(/ +/).slice(0, 6))).toEqual([
    ["QUOTA", "PER", "KEY", "USED", "LIMIT", "LEFT"],
    ["api", "month", "acme", "3", "3", "0"],
    ["api", "month", "globex", "1", "3", "2"],
    [""],
  ]);
  expect((await run("grant", "acme", "1", "--quota", "api", ...at)).code).toBe(0);
  expect(await statuses(gateway, "/a", 2, of("acme"))).toEqual([200, 429]);
  expect((await run("reset", "acme", "--quota", "api", ...at)).code).toBe(0);
  expect(await statuses(gateway, "/a", 1, of("acme"))).toEqual([200]);
  expect((await run("--admin", gateway.adminUrl, "--token", "wrong")).err).toContain(
    "the token is wrong",
  );
  expect(gateway.lines.matching(/quota api per month: acme was set from/)).toHaveLength(2);

  expect(await gateway.stop()).toBe(0);
  const file = join(cwd, "test-gateway.yaml");
  const text = await Bun.file(file).text();
  await Bun.write(file, text.replace("127.0.0.1:0", "127.0.0.1:1"));
  const offline = await run("acme", "--config", file);
  expect(offline.code).toBe(0);
  expect(offline.out).toMatch(/^api +month +acme +1 +3 +2 /m);
  expect(offline.err).toContain("no gateway answers at http://127.0.0.1:1");
});

test("a locked file keeps nobody waiting, and gets everything when it is free", async () => {
  const gateway = await startGateway(stage, { routes: [route("/a", quota(100))] });
  await statuses(gateway, "/a", 1);
  await eventually(() => usedIn(fileOf(gateway))["/a"] === 1);
  const other = new Database(fileOf(gateway));
  other.run("BEGIN EXCLUSIVE");
  await statuses(gateway, "/a", 4);
  await gateway.lines.waitFor(
    /\[ERROR\] quotas: cannot write to \S+, counts go on in memory: database is locked/,
  );
  expect(await statuses(gateway, "/a", 1)).toEqual([200]);
  other.run("ROLLBACK");
  other.close();
  await gateway.lines.waitFor(/\[INFO\] quotas: writing to \S+ again/);
  await eventually(() => usedIn(fileOf(gateway))["/a"] === 6);
});

test("a damaged file is set aside, and what is in memory goes on", async () => {
  const { first, again } = await startTwice({ routes: [route("/a", quota(3))] });
  await statuses(first, "/a", 1);
  expect(await first.stop()).toBe(0);
  const file = fileOf(first);
  writeFileSync(file, Buffer.alloc(20_000, "\u0000no"));
  const second = await again();
  await second.lines.waitFor(/\[ERROR\] quotas: \S+ is damaged .* renamed to \S+\.corrupt-/);
  expect(await statuses(second, "/a", 2)).toEqual([200, 200]);
  await eventually(() => usedIn(file)["/a"] === 2);

  // While it is in use, too.
  writeFileSync(file, "");
  await second.lines.waitFor(/was emptied while in use|disk image is malformed/);
  await eventually(() => usedIn(file)["/a"] === 2);
  expect(await statuses(second, "/a", 2)).toEqual([200, 429]);
  const asides = readdirSync(dirname(file)).filter((name) => name.includes(".corrupt-"));
  expect(asides.length).toBeGreaterThanOrEqual(2);
});

test("another program's database is left alone, and counts stay in memory", async () => {
  const cwd = stage.folder();
  const file = join(cwd, "gateway-quotas.db");
  {
    using db = new Database(file);
    db.run("CREATE TABLE notes (text)");
  }
  const gateway = await startGateway(stage, { routes: [route("/a", quota(2))] }, { cwd });
  await gateway.lines.waitFor(/\[ERROR\] quotas: cannot write to .*another program's database/);
  expect(await statuses(gateway, "/a", 3)).toEqual([200, 200, 429]);
  using db = new Database(file, { readonly: true });
  expect(db.query("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "notes" }]);
});
