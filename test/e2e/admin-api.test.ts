import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ask, serverOf } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const TOKEN = "correct-horse-battery-staple";
const withToken = { authorization: `Bearer ${TOKEN}` };
const JSON_TYPE = { "content-type": "application/json" };
let mocks: MockProcess[];
let gateway: GatewayProcess;

const config = (path = "/api/*") => ({
  admin: { listen: "127.0.0.1:0", token: TOKEN },
  health_check: noHealthChecks,
  routes: [
    {
      path,
      backends: mocks.map(({ url }) => ({ url })),
      rate_limit: { requests_per_second: 1000 },
    },
  ],
});

beforeAll(async () => {
  mocks = await Promise.all(["A", "B"].map((name) => startMockProcess(stage, name)));
  gateway = await startGateway(stage, config());
});

const api = (path: string, init: BunFetchRequestInit = {}) =>
  ask(`${gateway.adminUrl}/admin/api/${path}`, { headers: withToken, ...init });
const post = (path: string, content: object, headers: Record<string, string> = withToken) =>
  api(path, {
    method: "POST",
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(content),
  });
const json = async <Content>(answer: Promise<Response>) => (await answer).json() as Content;

describe("the API", () => {
  interface Description {
    readonly paths: Record<string, Record<string, Operation>>;
    readonly components: object;
  }
  interface Operation {
    readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
  }

  test("answers every read as its own description says", async () => {
    await ask(`${gateway.url}/api/users/1`);
    await ask(`${gateway.url}/nowhere`);
    await eventually(
      async () => (await json<{ rows: object[] }>(api("exchanges?status=404"))).rows.length === 1,
    );
    const { paths } = await json<Description>(api("openapi.json"));
    const ajv = new Ajv2020({ strict: false });
    const asked: string[] = [];
    for (const [path, { get }] of Object.entries(paths)) {
      const schema = get?.responses["200"]?.content?.["application/json"]?.schema;
      if (schema === undefined || path.endsWith("/explain")) continue;
      const real = path
        .replace("/admin/api/", "")
        .replace("{id}", "1")
        .replace("{number}", "1")
        .replace(/^stats$/, "stats?by=route");
      const answer = await api(real);
      expect([real, answer.status]).toEqual([real, 200]);
      const isValid = ajv.validate(schema, await answer.json());
      expect([real, isValid, ajv.errors]).toEqual([real, true, null]);
      asked.push(real);
    }
    expect(asked).toEqual(
      expect.arrayContaining([
        "session",
        "overview",
        "routes",
        "backends",
        "exchanges",
        "exchanges/1",
        "limits",
        "refusals",
        "certificates",
        "configuration",
        "configurations",
        "configurations/1",
        "audit",
      ]),
    );
  });

  test("pages through the log, and finds one by its request id", async () => {
    const { rows, next } = await json<{ rows: { id: number; request_id: string }[]; next: string }>(
      api("exchanges?limit=1"),
    );
    const older = await json<{ rows: { id: number }[] }>(api(`exchanges?limit=1&cursor=${next}`));
    expect(older.rows[0]?.id).toBeLessThan(rows[0]?.id ?? 0);
    const one = await json<{ row: { id: number }; curl: string }>(
      api(`exchanges/${rows[0]?.request_id}`),
    );
    expect(one.row.id).toBe(rows[0]?.id ?? 0);
    expect(one.curl).toContain(`http://127.0.0.1:${gateway.port}/`);
  });

  test("names what it cannot read", async () => {
    for (const path of ["exchanges?status=abc", "overview?since=xyz", "stats?by=colour"]) {
      const answer = await api(path);
      expect([path, answer.status]).toEqual([path, 422]);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
    }
    expect((await api(`exchanges?path=${"x".repeat(60_000)}`)).status).toBe(422);
  });

  test("sends a row within a second, by its filters, to who watches", async () => {
    const leave = new AbortController();
    const answer = await api("live?path=/api/watched", { signal: leave.signal });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let told = "";
    const until = async (text: string) => {
      while (!told.includes(text)) told += (await reader.read()).value ?? "";
    };
    await until("retry:");
    await ask(`${gateway.url}/api/unwatched`);
    const asked = performance.now();
    await ask(`${gateway.url}/api/watched`);
    await until("event: rows");
    await until("\n\n");
    expect(performance.now() - asked).toBeLessThan(1_000);
    expect(told).toContain('"path":"/api/watched"');
    expect(told).not.toContain("unwatched");
    await until("event: second");
    leave.abort();
  });
});

describe("a login", () => {
  const login = (token: string, headers: Record<string, string> = {}) =>
    post("login", { token }, headers);

  test("is kept in a cookie that scripts cannot read, and ends by logging out", async () => {
    const answer = await login(TOKEN);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    const { csrf, authenticated } = await json<{ csrf: string; authenticated: boolean }>(
      api("session", { headers }),
    );
    expect(authenticated).toBe(true);
    expect((await api("backends", { headers })).status).toBe(200);

    expect((await post("reload", {}, headers)).status).toBe(403);
    expect((await post("reload", {}, { ...headers, "x-csrf-token": csrf })).status).toBe(200);

    const foreign = { ...headers, "x-csrf-token": csrf, origin: "http://localhost:3000" };
    expect((await api("backends", { headers: foreign })).status).toBe(401);
    expect((await post("reload", {}, foreign)).status).toBe(401);
    const sameSite = { ...headers, "sec-fetch-site": "same-site" };
    expect((await api("backends", { headers: sameSite })).status).toBe(401);

    await post("logout", {}, { ...headers, "x-csrf-token": csrf });
    expect((await api("backends", { headers })).status).toBe(401);
  });

  test("is refused for a wrong token, a foreign page, and after too many tries", async () => {
    expect((await login("wrong")).status).toBe(401);
    expect((await login(TOKEN, { origin: "http://evil.test" })).status).toBe(403);
    const own = await startGateway(stage, config());
    const attempts = await Promise.all(
      Array.from({ length: 30 }, () =>
        ask(`${own.adminUrl}/admin/api/session`, { headers: { authorization: "Bearer no" } }),
      ),
    );
    const statuses = new Set(attempts.map(({ status }) => status));
    expect(statuses).toEqual(new Set([401, 429]));
  });

  test("and its audit do not tell the token", async () => {
    await login(TOKEN);
    const { entries } = await json<{ entries: { action: string; details: object }[] }>(
      api("audit"),
    );
    expect(entries.find(({ action }) => action === "login")).toMatchObject({ details: {} });
    expect(JSON.stringify(entries)).not.toContain(TOKEN);
  });
});

test("a backend is drained while requests flow, and none of them fails", async () => {
  const [a = "", b = ""] = mocks.map(({ url }) => url);
  const servers: string[] = [];
  const statuses = new Set<number>();
  const flowing = new AbortController();
  const flow = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!flowing.signal.aborted) {
        const answer = await ask(`${gateway.url}/api/users/1`);
        statuses.add(answer.status);
        servers.push(await serverOf(answer));
      }
    }),
  );
  await eventually(() => servers.includes("A") && servers.includes("B"));
  expect(await json(post("backends/drain", { url: a }))).toMatchObject({
    drained: true,
    others: 1,
  });
  const { backends } = await json<{ backends: { url: string; drained: boolean; share: number }[] }>(
    api("backends"),
  );
  expect(backends).toMatchObject([
    { url: a, drained: true, share: 0 },
    { url: b, drained: false, share: 1 },
  ]);
  // Those that were at A already end there.
  await eventually(() => servers.slice(-20).every((server) => server === "B"));
  await gateway.reload(config());
  expect(await serverOf(ask(`${gateway.url}/api/users/1`))).toBe("B");
  await post("backends/undrain", { url: a });
  await eventually(() => servers.slice(-20).includes("A"));
  flowing.abort();
  await flow;
  expect([...statuses]).toEqual([200]);
});

describe("an earlier configuration", () => {
  test("comes into force again by a rollback, with the secrets of the present file", async () => {
    await gateway.reload(config("/other/*"));
    expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(404);
    const list = await json<{ number: number; changes: object }[]>(api("configurations"));
    const [latest, before] = list;
    expect(latest?.changes).toEqual({ added: 1, removed: 1 });

    const answer = await json<{ backup: string }>(
      post(`configurations/${before?.number}/rollback`, {}),
    );
    expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(200);
    const file = join(dirname(gateway.database), "test-gateway.yaml");
    expect(readFileSync(file, "utf8")).toContain(`token: ${TOKEN}`);
    expect(readFileSync(answer.backup, "utf8")).toContain("/other/*");
    const { text } = await json<{ text: string }>(api(`configurations/${before?.number}`));
    expect(text).not.toContain(TOKEN);
  });

  test("is listed and shown on the command line, and gone back to from there", async () => {
    const folder = dirname(gateway.database);
    const run = (...words: string[]) =>
      runToEnd(
        stage,
        [
          ...words,
          "--config",
          join(folder, "test-gateway.yaml"),
          "--admin",
          gateway.adminUrl,
          "--token",
          TOKEN,
        ],
        { cwd: folder },
      );

    const { out: listed } = await run("config", "history", "--json");
    const entries = JSON.parse(listed) as { number: number; id: string; cause: string }[];
    expect(entries[0]?.cause).toBe("rollback to 1");
    expect((await run("config", "show", entries[1]?.id ?? "")).out).toContain(
      "+  - path: /other/*",
    );
    expect((await run("config", "rollback", "999")).err).toContain("there is no configuration 999");
    expect((await run("config", "rollback", "2")).out).toContain("new configuration in force");
    expect((await ask(`${gateway.url}/api/users/1`)).status).toBe(404);
    const { out } = await runToEnd(
      stage,
      ["reload", "--admin", gateway.adminUrl, "--token", TOKEN],
      {
        cwd: folder,
      },
    );
    expect(out).toContain("new configuration in force, routes: 1");
  });
});
