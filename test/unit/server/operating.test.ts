import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configCommand } from "../../../src/cli/config/config.ts";
import { inspectConfigFile, restoreConfigText } from "../../../src/cli/config-file.ts";
import { reload as reloadCommand } from "../../../src/cli/reload.ts";
import { loadWithSource } from "../../../src/config/history/source.ts";
import { startGateway } from "../../../src/server/start.ts";
import { Logger } from "../../../src/telemetry/logger.ts";
import { systemClock } from "../../../src/time/clock.ts";
import { eventually } from "../../support/eventually.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given } from "../cli/fake-console.ts";
import { collectingWriter } from "../telemetry/collecting-writer.ts";
import { mockBackend, start, UNCHECKED } from "./running.ts";

const stage = createStage(afterEach);
/** Where the file has its first route. */
const ROUTE_LINE = expect.any(Number);
const TOKEN = "hunter2-hunter2-hunter2";

/** A gateway in this process, with a file, and what an operator asks of it. */
function operated(settings = "") {
  const folder = stage.folder();
  const file = join(folder, "gateway.yaml");
  const backend = mockBackend(stage);
  const textWith = (path: string) => `server: { host: 127.0.0.1, port: 0 }
admin: { listen: "127.0.0.1:0", token: "${TOKEN}" }
logging: { database: "${join(folder, "gateway.db")}" }
${UNCHECKED}${settings}routes:
  - { path: "${path}", backends: ["${backend}"], rate_limit: { rate: 20/h, key: client_ip }, quota: { limit: 10, per: day, key: client_ip } }
  - { path: /none, respond: 204 }
`;
  writeFileSync(file, textWith("/echo/*"));
  const read = (name = file) =>
    Promise.resolve(loadWithSource(name, readFileSync(name, "utf8"), {}));
  const { config, source, diagnostics } = loadWithSource(file, readFileSync(file, "utf8"), {});
  if (config === undefined) throw new Error(JSON.stringify(diagnostics));
  const { writer, written } = collectingWriter();
  const logger = new Logger({ level: "info", format: "text", color: false }, writer, systemClock);
  const gateway = startGateway({
    config,
    source,
    file: {
      name: file,
      read,
      restore: restoreConfigText,
      readHere: () => inspectConfigFile(file, {}),
    },
    version: "1.2.3",
    logger,
    clock: systemClock,
    random: () => 0.5,
  });
  stage.defer(() => gateway.stop());
  const admin = gateway.adminUrl ?? "";
  const authorization = `Bearer ${TOKEN}`;
  const get = async <Content>(path: string) => {
    const answer = await fetch(`${admin}/admin/api/${path}`, { headers: { authorization } });
    return (await answer.json()) as Content;
  };
  const post = (path: string, content: object, headers: object = { authorization }) =>
    fetch(`${admin}/admin/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(content),
    });
  const command = async (which: typeof configCommand, words: string[], flags = {}) => {
    const console = new FakeConsole();
    const operands = which === configCommand ? words : [];
    const all = { config: file, admin, token: TOKEN, ...flags };
    const code = await which.run(given({ operands, flags: all }), console);
    return { code, out: console.printed, err: console.complaints };
  };
  return { gateway, file, backend, textWith, get, post, command, log: written, folder, admin };
}

test("rows, statistics and refusals are answered from the log", async () => {
  const { gateway, get, backend } = operated();
  await (await fetch(`${gateway.url}/echo/a?x=1`)).text();
  await (await fetch(`${gateway.url}/nowhere`)).text();
  type Rows = { rows: { id: number; configuration: string }[]; next: string | null };
  await eventually(async () => (await get<Partial<Rows>>("exchanges")).rows?.length === 2);

  const { rows } = await get<Rows>("exchanges?route=/echo/*&limit=5");
  const { id } = await get<{ id: string }>("configuration");
  expect(rows).toMatchObject([{ configuration: id }]);
  expect(await get(`exchanges/${rows[0]?.id}`)).toMatchObject({
    row: { path: "/echo/a", query: "?x=1" },
    curl: expect.stringContaining("/echo/a?x=1'"),
  });
  expect(await get("exchanges/999")).toMatchObject({ status: 404 });
  expect(await get("overview")).toMatchObject({ totals: { requests: 2 } });
  expect(await get("stats?by=route&limit=1")).toMatchObject({ by: "route" });
  expect(await get("stats?by=client&route=/echo/*")).toMatchObject({ status: 422 });
  const routes = await get<{ routes: object[] }>("routes");
  expect(routes.routes).toMatchObject([
    {
      id: "/echo/*",
      ends_in: "upstream",
      requests: 1,
      dead: false,
      policies: [
        { name: "rate_limit", line: ROUTE_LINE },
        { name: "quota", line: ROUTE_LINE },
      ],
      line: ROUTE_LINE,
    },
    { id: "/none", ends_in: "respond", requests: 0, dead: true },
  ]);
  expect(await get("backends")).toMatchObject({
    backends: [{ url: backend, requests: 1, drained: false }],
  });
  expect(await get("refusals")).toMatchObject({ refusals: [] });
  expect(await get("certificates")).toEqual({ certificates: [] });
});

test("a request is explained by what runs, and one of the past is sent again", async () => {
  const { gateway, get, post, backend, file, textWith } = operated();
  const asked = "explain?method=GET&url=/echo/a&header=X-A:%201";
  expect(await get(asked)).toMatchObject({ route: { id: "/echo/*" } });
  expect(await get("explain?method=GET&url=nonsense")).toMatchObject({ status: 422 });
  expect(await get("explain?method=GET&url=/&header=x")).toMatchObject({ status: 422 });
  writeFileSync(file, `${textWith("/echo/*")}# more\n`);
  expect(await get(asked)).toMatchObject({ status: 409 });

  await (await fetch(`${gateway.url}/echo/a`, { method: "POST", body: "x" })).text();
  await (await fetch(`${gateway.url}/echo/b`)).text();
  type Rows = { rows: { id: number }[] };
  await eventually(async () => (await get<Partial<Rows>>("exchanges")).rows?.length === 2);
  const [got, posted] = (await get<Rows>("exchanges")).rows;
  expect(await (await post("replay", { id: got?.id, to: backend })).json()).toMatchObject({
    replayed: { status: 200 },
  });
  expect((await post("replay", { id: posted?.id })).status).toBe(409);
  expect((await post("replay", { id: 999 })).status).toBe(404);
});

test("keys that have used something of their limits are told, the nearest to exhaustion first", async () => {
  const { gateway, get } = operated();
  for (let asked = 0; asked < 4; asked += 1) await (await fetch(`${gateway.url}/echo/a`)).text();

  const { limits } = await get<{ limits: { policy: string; left_ratio: number }[] }>("limits");
  const quota = limits.find(({ policy }) => policy.startsWith("quota"));
  expect(quota).toMatchObject({ key: "127.0.0.1", used: 4, limit: 10, left_ratio: 0.6 });
  const rate = limits.find(({ policy }) => policy.startsWith("rate_limit"));
  expect(rate).toMatchObject({ key: "127.0.0.1", limit: 20, route: "/echo/*" });
  const ratios = limits.map(({ left_ratio: ratio }) => ratio);
  expect(ratios).toEqual(ratios.toSorted((one, other) => one - other));
});

test("a drained backend gets nothing, and its route says so, until it is undrained", async () => {
  const { gateway, post, backend, log } = operated();
  const status = async () => (await fetch(`${gateway.url}/echo/a`)).status;
  expect(await status()).toBe(200);
  expect(await (await post("backends/drain", { url: backend })).json()).toMatchObject({
    others: 0,
  });
  expect(await status()).toBe(503);
  expect(log()).toContain(`backend ${backend} is drained`);
  const unknown = await post("backends/drain", { url: backend, upstream: "x", route: "/none" });
  expect(await unknown.json()).toMatchObject({
    detail: expect.stringContaining(`there is no backend ${backend} in upstream x of route /none`),
  });
  await post("backends/undrain", { url: backend, route: "/echo/*" });
  expect(await status()).toBe(200);
});

test("the log's level changes for a while, and every write is in the audit", async () => {
  const { get, post } = operated();
  const answer = await post("log-level", { level: "debug", for: "10m" });
  expect(await answer.json()).toMatchObject({ level: "debug", before: "info" });
  expect((await post("log-level", { level: "debug", for: "soon" })).status).toBe(422);
  expect((await post("log-level", { level: "warn" })).status).toBe(200);
  expect((await post("login", { token: "no" }, {})).status).toBe(401);
  type Audit = { entries: { action: string }[]; next: string };
  await eventually(async () => (await get<Partial<Audit>>("audit")).entries?.length === 4);

  const { entries, next } = await get<Audit>("audit?limit=2");
  expect(entries).toMatchObject(
    [
      { action: "login", by: "nobody", details: {}, outcome: /^refused: the token is wrong/ },
      { action: "log-level", by: "token", details: { level: "warn" }, outcome: "done" },
    ].map(({ outcome, ...entry }) => ({
      ...entry,
      outcome: typeof outcome === "string" ? outcome : expect.stringMatching(outcome),
    })),
  );
  expect((await get<Audit>(`audit?cursor=${next}`)).entries).toHaveLength(2);
});

describe("configurations", () => {
  test("that were in force are listed, shown, and gone back to", async () => {
    const { gateway, file, textWith, get, post, command, folder } = operated();
    writeFileSync(file, textWith("/status/*"));
    expect(await (await post("reload", {})).json()).toMatchObject({ diagnostics: [] });
    writeFileSync(file, "routes: 7\n");
    const refused = await post("reload", {});
    expect([refused.status, await refused.json()]).toMatchObject([
      422,
      { diagnostics: [{ line: 1 }] },
    ]);
    writeFileSync(file, textWith("/status/*"));
    type List = { number: number; id: string; cause: string }[];
    await eventually(async () => (await get<List>("configurations")).length === 2);

    const [second, first] = await get<List>("configurations");
    expect([second, first]).toMatchObject([
      { cause: "admin API", changes: { added: 1, removed: 1 }, in_force_to: null },
      { cause: "start", changes: null },
    ]);
    expect(await get(`configurations/${second?.id}`)).toMatchObject({
      difference: expect.stringContaining('+  - { path: "/status/*"'),
    });
    expect((await command(configCommand, ["history"])).out).toContain("admin API");
    expect((await command(configCommand, ["history"], { json: "" })).out).toContain('"number": 1');
    const shown = await command(configCommand, ["show", "2"]);
    expect(shown.out).toContain("differences to the one before:");
    expect(shown.out).not.toContain(TOKEN);
    expect((await command(configCommand, ["show", "1"], { text: "" })).out).toContain("<secret>");
    expect((await command(configCommand, ["show", "1"], { json: "" })).out).toContain(
      '"difference"',
    );
    const changes = await command(configCommand, ["show", "2"], { changes: "" });
    expect(changes.out).toContain("differences to the one before:");
    expect(changes.out.length).toBeLessThan(shown.out.length);
    expect((await command(configCommand, ["show", "77"])).err).toContain("no configuration 77");

    expect(await command(configCommand, ["rollback", "1"])).toMatchObject({
      code: 0,
      out: expect.stringContaining(`the text before is kept in ${folder}`),
    });
    expect((await fetch(`${gateway.url}/echo/a`)).status).toBe(200);
    expect(readFileSync(file, "utf8")).toBe(textWith("/echo/*"));
    expect((await command(reloadCommand, [])).out).toContain("new configuration in force");

    writeFileSync(file, textWith("/echo/*").replace("routes:", "rotues:"));
    const broken = await command(configCommand, ["rollback", "2"], { admin: undefined });
    expect([broken.code, broken.err]).toEqual([1, expect.stringContaining("rollback 2 --admin")]);
    const unnamed = await command(configCommand, ["history"]);
    expect([unnamed.code, unnamed.err]).toEqual([1, expect.stringContaining("--database FILE")]);
    const database = join(folder, "gateway.db");
    expect(await command(configCommand, ["history"], { database })).toMatchObject({
      code: 0,
      out: expect.stringContaining("admin API"),
      err: "",
    });
    expect((await command(configCommand, ["show", "2"], { database })).code).toBe(0);
    const unread = await command(reloadCommand, [], { admin: undefined });
    expect([unread.code, unread.err]).toEqual([1, expect.stringContaining("nothing was reloaded")]);
    const elsewhere = await command(configCommand, ["rollback", "2"], { admin: gateway.url });
    expect(elsewhere.err).toContain("is a gateway's port for clients");
    expect((await command(configCommand, ["rollback", "1"])).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(textWith("/echo/*"));

    writeFileSync(file, textWith("/echo/*").replace(/^admin.*\n/m, ""));
    const missing = await post("configurations/1/rollback", {});
    expect([missing.status, await missing.json()]).toMatchObject([
      409,
      { detail: expect.stringContaining("line 2 (admin.token)") },
    ]);
    expect((await post("configurations/99/rollback", {})).status).toBe(404);
  });

  test("are gone back to without a gateway too", async () => {
    const { gateway, file, textWith, post, command, get } = operated();
    writeFileSync(file, textWith("/status/*"));
    await post("reload", {});
    await eventually(async () => (await get<object[]>("configurations")).length === 2);
    await gateway.stop();

    const { code, out } = await command(configCommand, ["rollback", "1"]);
    expect([code, out]).toEqual([0, expect.stringContaining("no gateway is running")]);
    expect(readFileSync(file, "utf8")).toBe(textWith("/echo/*"));
    expect((await command(configCommand, ["rollback", "1"])).out).toContain("the same already");
    expect((await command(reloadCommand, [])).err).toContain("kill -HUP PID");
  });

  test("and what `config` takes are said", async () => {
    const console = new FakeConsole();
    expect(await configCommand.run(given({}), console)).toBe(0);
    expect(console.printed).toContain("gateway config rollback N|ID");
    const refusal = (operands: string[]) =>
      configCommand.run(given({ operands }), console).catch((error: Error) => error.message);
    expect(await refusal(["histroy"])).toContain("did you mean history?");
    expect(await refusal(["routes"])).toContain("`gateway help config routes` explains a key");
    expect(await refusal(["show"])).toContain("which one?");
    expect(await refusal(["history", "3"])).toContain('unexpected argument "3"');
  });
});

test("those who watch are told of changes, and do not delay a stop", async () => {
  const { gateway, admin, post, backend, file, textWith } = operated();
  const answer = await fetch(`${admin}/admin/api/live?rows=on&history=10`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let told = "";
  const until = async (text: string) => {
    while (!told.includes(text)) told += (await reader.read()).value ?? "";
  };
  await until("retry: 2000");
  await (await fetch(`${gateway.url}/echo/seen`)).text();
  await post("backends/drain", { url: backend });
  await until('"drained":true');
  writeFileSync(file, textWith("/status/*"));
  await post("reload", {});
  for (const text of [
    "event: rows",
    '"path":"/echo/seen"',
    "event: backends",
    "event: configuration",
  ]) {
    await until(text);
  }
  const begun = performance.now();
  await gateway.stop();
  expect(performance.now() - begun).toBeLessThan(2_000);
  while (!(await reader.read()).done);
});

test("a browser logs in, writes with what its page has read, and logs out", async () => {
  const { admin, post } = operated();
  const opened = await post("login", { token: TOKEN }, {});
  const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const session = async () =>
    (await (await fetch(`${admin}/admin/api/session`, { headers: { cookie } })).json()) as {
      authenticated: boolean;
      csrf: string | null;
      version: string | null;
    };
  const { csrf, ...told } = await session();
  expect(told).toMatchObject({ authenticated: true, token_required: true, version: "1.2.3" });
  const level = { level: "info" };
  expect((await post("log-level", level, { cookie })).status).toBe(403);
  expect((await post("log-level", level, { cookie, "x-csrf-token": "wrong" })).status).toBe(403);
  const right = { cookie, "x-csrf-token": csrf ?? "" };
  expect((await post("log-level", level, right)).status).toBe(200);
  const ended = await post("logout", {}, right);
  expect(ended.headers.get("set-cookie")).toContain("Max-Age=0");
  expect(await session()).toMatchObject({ authenticated: false, csrf: null, version: null });
});

test("a reload by a signal is in the audit, and a gateway without a file has none", async () => {
  const { gateway, get } = operated();
  await gateway.reloadFile("SIGHUP");
  type Audit = { entries?: object[] };
  await eventually(async () => (await get<Audit>("audit")).entries?.length === 1);
  expect(await get("audit")).toMatchObject({
    entries: [{ action: "reload", by: "signal", details: { cause: "SIGHUP" }, outcome: "done" }],
  });

  const { adminUrl } = start(stage, `${UNCHECKED}routes: [{ path: /, respond: 204 }]\n`);
  const post = (path: string) =>
    fetch(`${adminUrl}/admin/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
  const answer = await post("reload");
  expect([answer.status, await answer.json()]).toMatchObject([
    409,
    { detail: expect.stringContaining("started without a configuration file") },
  ]);
  expect((await fetch(`${adminUrl}/admin/api/explain?method=GET&url=/`)).status).toBe(409);
});
