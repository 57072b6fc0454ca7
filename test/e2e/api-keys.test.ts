import { afterEach, describe, expect, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { echo, valuesOf } from "../support/echo.ts";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage, type Stage } from "../support/stage.ts";

const stage = createStage(afterEach);

interface MadeKey {
  readonly key: string;
  readonly hash: string;
  readonly line: string;
}

/** A key from `gateway key new`. */
async function makeKey(name: string, ...flags: string[]): Promise<MadeKey> {
  const { code, out } = await runToEnd(stage, ["key", "new", name, "--json", ...flags]);
  expect(code).toBe(0);
  return JSON.parse(out) as MadeKey;
}

/** A gateway whose routes ask for keys of a file. */
async function start(stage: Stage, keys: string, from: unknown = "header:x-api-key") {
  const folder = stage.folder();
  const file = join(folder, "keys.yaml");
  writeFileSync(file, keys);
  const mock = await startMockProcess(stage, "A");
  const config = {
    health_check: noHealthChecks,
    auth: { machines: { api_key: { file: "keys.yaml", from } } },
    routes: [
      { name: "all", path: "/echo/api/*", backends: [mock.url], auth: "machines" },
      { name: "orders", path: "/echo/orders/*", backends: [mock.url], auth: ["machines"] },
      {
        name: "writing",
        path: "/echo/writing/*",
        backends: [mock.url],
        auth: "machines",
        require: { scope: ["orders:write"] },
      },
      { path: "/echo/open/*", backends: [mock.url] },
    ],
  };
  const gateway = await startGateway(stage, config, { cwd: folder });
  const statusOf = async (path: string, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { "x-api-key": key };
    return (await ask(`${gateway.url}${path}`, { headers })).status;
  };
  /** Replaces the file in one step, as deployments do. */
  const replace = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  return { gateway, config, file, statusOf, replace };
}

describe("a client with an API key", () => {
  test("is let in by name, and the backend learns the name and not the key", async () => {
    const { key, line } = await makeKey("billing");
    const { gateway, statusOf } = await start(stage, `${line}\n`);

    expect(await statusOf("/echo/open/x")).toBe(200);
    const seen = await echo(gateway.port, [
      "GET /echo/api/x HTTP/1.1",
      "Host: gateway",
      `X-Api-Key: ${key}`,
      "X-Auth-Subject: admin",
    ]);
    expect(valuesOf(seen, "x-auth-subject")).toEqual(["billing"]);
    expect(valuesOf(seen, "x-auth-provider")).toEqual(["machines"]);
    expect(JSON.stringify(seen)).not.toContain(key);
    const [, row] = await gateway.waitForRows(2);
    expect(row).toMatchObject({ subject: "billing", provider: "machines", status_code: 200 });
  });

  test("is asked for a key without one, and told when it is wrong or has expired", async () => {
    const { hash, key } = await makeKey("old");
    const { gateway } = await start(stage, `old: { hash: "${hash}", expires: 2020-01-01 }\n`);
    const refusal = async (headers: Record<string, string>) => {
      const answer = await ask(`${gateway.url}/echo/api/x`, { headers });
      const { code, detail } = await problemOf(answer);
      return [answer.status, answer.headers.get("www-authenticate"), code, detail];
    };
    const challenge = 'ApiKey realm="machines"';
    expect(await refusal({})).toEqual([
      401,
      challenge,
      "unauthorized",
      "this route asks for credentials",
    ]);
    expect(await refusal({ "x-api-key": "gw_guess" })).toEqual([
      401,
      challenge,
      "unauthorized",
      "the API key is not valid",
    ]);
    expect(await refusal({ "x-api-key": key })).toEqual([
      401,
      challenge,
      "unauthorized",
      "the API key has expired",
    ]);
  });

  test("may do what its key allows: routes, scopes, so many requests", async () => {
    const [billing, shop, slow] = await Promise.all([
      makeKey("billing"),
      makeKey("shop"),
      makeKey("slow"),
    ]);
    const { statusOf, gateway } = await start(
      stage,
      `billing: { hash: "${billing.hash}", routes: [orders, writing], claims: { scope: "orders:write x" } }
shop: { hash: "${shop.hash}", claims: { scope: orders:read } }
slow: { hash: "${slow.hash}", rate_limit: { rate: 1/h, burst: 2 } }
`,
    );
    expect(await statusOf("/echo/orders/x", billing.key)).toBe(200);
    expect(await statusOf("/echo/api/x", billing.key)).toBe(403);
    expect(await statusOf("/echo/writing/x", billing.key)).toBe(200);
    expect(await statusOf("/echo/writing/x", shop.key)).toBe(403);
    expect([
      await statusOf("/echo/api/x", slow.key),
      await statusOf("/echo/orders/x", slow.key),
    ]).toEqual([200, 200]);
    const limited = await ask(`${gateway.url}/echo/api/x`, { headers: { "x-api-key": slow.key } });
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(3_000);
    expect(await statusOf("/echo/api/x", shop.key)).toBe(200);
  });

  test("may send it in the query, in a cookie or as a bearer token, and none of them is logged", async () => {
    const { key, line } = await makeKey("billing");
    const from = ["query:ticket", "cookie:machine", "bearer"];
    const { gateway } = await start(stage, line, from);
    const request = async (path: string, ...fields: string[]) =>
      echo(gateway.port, [`GET ${path} HTTP/1.1`, "Host: gateway", ...fields]);
    const seen = [
      await request(`/echo/api/x?a=1&ticket=${key}&b=2`),
      await request("/echo/api/x", `Cookie: theme=dark; machine=${key}`, "Cookie: other=1"),
      await request("/echo/api/x", `Authorization: Bearer ${key}`),
    ];
    expect(seen.map((one) => valuesOf(one, "x-auth-subject"))).toEqual(seen.map(() => ["billing"]));
    expect(seen[0]?.query).toBe("a=1&b=2");
    expect(valuesOf(seen[1]!, "cookie")).toEqual(["theme=dark; other=1"]);
    expect(valuesOf(seen[2]!, "authorization")).toEqual([]);
    expect(JSON.stringify(seen)).not.toContain(key);
    const refused = await askRaw(gateway.port, [
      `GET /echo/api/x?ticket=${key}x HTTP/1.1`,
      "Host: gateway",
    ]);
    expect(refused.status).toBe(401);
    expect(refused.all("www-authenticate")).toEqual([
      'Bearer realm="machines", error="invalid_token"',
    ]);
    const rows = JSON.stringify(await gateway.waitForRows(4));
    await gateway.stop();
    expect(rows + gateway.lines.text + gateway.errors.text + refused.content).not.toContain(key);
  });
});

describe("a file of keys", () => {
  test("that changes under traffic is in force without a restart, and costs no request", async () => {
    const [first, second] = await Promise.all([makeKey("first"), makeKey("second")]);
    const { gateway, statusOf, replace } = await start(stage, `${first.line}\n`);
    const statuses = new Map<number, number>();
    const over = new AbortController();
    const traffic = (async () => {
      while (!over.signal.aborted) {
        const status = await statusOf("/echo/api/x", first.key);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    expect(await statusOf("/echo/api/x", second.key)).toBe(401);

    replace(`${first.line}\n${second.line}\n`);
    await gateway.lines.waitFor(/the API keys of keys\.yaml have been read again/);
    expect(await statusOf("/echo/api/x", second.key)).toBe(200);
    over.abort();
    await traffic;
    expect([...statuses.keys()]).toEqual([200]);

    replace(`${second.line}\n`);
    await eventually(async () => (await statusOf("/echo/api/x", first.key)) === 401);
    expect(await statusOf("/echo/api/x", second.key)).toBe(200);
  });

  test("that becomes invalid is reported with its place, and the keys before stay in force", async () => {
    const { key, line } = await makeKey("billing");
    const other = await makeKey("other");
    const { gateway, statusOf, replace, file } = await start(stage, `${line}\n`);

    replace(`${line}\nother: ${other.key}\n`);
    const report = await gateway.lines.waitFor(/keys\.yaml:2:8: this is no hash/);
    expect(report).toContain("replace it by what `gateway key hash` prints for it");
    expect(gateway.lines.text + gateway.errors.text).not.toContain(other.key);
    expect(await statusOf("/echo/api/x", key)).toBe(200);
    expect(await statusOf("/echo/api/x", other.key)).toBe(401);

    rmSync(file);
    await gateway.lines.waitFor(/keys\.yaml does not exist/);
    expect(await statusOf("/echo/api/x", key)).toBe(200);
    replace(`${line}\n${other.line}\n`);
    await eventually(async () => (await statusOf("/echo/api/x", other.key)) === 200);
  });

  test("is read again at a reload, which an invalid one stops", async () => {
    const { key, line } = await makeKey("billing");
    const { gateway, config, statusOf, replace } = await start(stage, `${line}\n`);
    replace(`renamed: ${line.slice(line.indexOf(":") + 2)}\n`);
    await gateway.reload(config);
    expect(await statusOf("/echo/api/x", key)).toBe(200);
    const [row] = await gateway.waitForRows(1);
    expect(row?.subject).toBe("renamed");

    replace("renamed: sha256:abc\n");
    gateway.kill("SIGHUP");
    await gateway.lines.waitFor(
      /test-gateway\.yaml:\S+ keys\.yaml:1:10: a SHA-256 has 64 hexadecimal digits/,
    );
    expect(await statusOf("/echo/api/x", key)).toBe(200);
  });

  test("has its errors found by `gateway check`, and stops a gateway from starting", async () => {
    const cwd = stage.folder();
    writeFileSync(join(cwd, "keys.yaml"), "a: hunter2\nb: { hash: sha256:0, expire: 1d }\n");
    writeFileSync(
      join(cwd, "gateway.yaml"),
      'auth: { machines: { api_key: { file: keys.yaml } } }\nroutes: [{ path: /*, backends: ["http://127.0.0.1:9"], auth: machines }]\n',
    );
    const checked = await runToEnd(stage, ["check"], { cwd });
    expect(checked.code).toBe(1);
    expect(checked.err).toContain("gateway.yaml:1:38: error: keys.yaml:1:4: this is no hash");
    expect(checked.err).toContain("keys.yaml:2:12: a SHA-256 has 64 hexadecimal digits");
    expect(checked.err).toContain("keys.yaml:2:22: unknown key `expire`, did you mean `expires`?");
    expect(checked.err).not.toContain("hunter2");
    const served = await runToEnd(stage, ["serve"], { cwd });
    expect(served.code).not.toBe(0);
  });
});

describe("`gateway key`", () => {
  test("prints a key and its line apart, and says what it cannot do", async () => {
    const made = await runToEnd(stage, ["key", "new", "billing", "--expires", "90d"]);
    expect([made.code, made.err]).toEqual([0, ""]);
    expect(made.out).toMatch(/^\s+gw_[0-9A-Za-z]{38}$/m);
    expect(made.out).toMatch(/^\s+billing: \{ hash: "sha256:[0-9a-f]{64}", expires: 20.*Z \}$/m);
    const wrong = await runToEnd(stage, ["key", "revoke"]);
    expect([wrong.code, wrong.err]).toEqual([
      2,
      "gateway: `key` takes `new` or `hash`, not revoke\n",
    ]);
  });

  test("hashes a key from standard input, and the client who has it gets in", async () => {
    const key = crypto.randomUUID();
    const cwd = stage.folder();
    writeFileSync(join(cwd, "key.txt"), `${key}\n`);
    const command = ["bash", "-c", '"$0" key hash shop < key.txt', await gatewayBinary()];
    const { code, out } = await runToEnd(stage, [], { cwd, command });
    expect(code).toBe(0);
    const { statusOf } = await start(stage, out);
    expect(await statusOf("/echo/api/x", key)).toBe(200);
  });
});
