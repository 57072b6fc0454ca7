import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { askRaw } from "../support/raw-http.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** Begins every secret that is sent here. */
const SECRET = "hush";

/** Secrets in every place where a client can put one. */
const requests: readonly string[][] = [
  ["GET /echo?page=2&%74oken=hush-1&apiKey=hush-2&ticket=hush-3 HTTP/1.1", "Host: gateway"],
  [
    "GET /echo?next=%2Fin%3Fcode%3Dhush-4&u=http%3A%2F%2Fjoe%3Ahush-5%40host%2F HTTP/1.1",
    "Host: gateway",
  ],
  [
    "GET /echo HTTP/1.1",
    "Host: gateway",
    "Authorization: Bearer hush-6-hush-6",
    "Cookie: a=hush-7",
  ],
  ["GET /echo HTTP/1.1", "Host: gateway", "X-Api-Key: hush-8", "User-Agent: agent/hush-9"],
  ["GET /echo HTTP/1.1", "Host: gateway", "Referer: http://joe:hush-10@host/?token=hush-11"],
  ["GET /nowhere;token=hush-12?x=1#access_token=hush-13 HTTP/1.1", "Host: gateway"],
  ["GET /nowhere;token=hush-14/a HTTP/1.1", "Host: gateway"],
  ["GET http://joe:hush-15@gateway/echo HTTP/1.1", "Host: gateway"],
  ["GET ftp://joe:hush-16@gateway/echo HTTP/1.1", "Host: gateway"],
  ["GET /echo HTTP/1.1", "Host: joe:hush-17@gateway"],
  ["CONNECT joe:hush-18@gateway:443 HTTP/1.1", "Host: gateway"],
  ["POST /echo?token=hush-19 HTTP/1.1", "Host: gateway", "Content-Length: 0"],
  ["GET /down?token=hush-20 HTTP/1.1", "Host: gateway", "Authorization: Basic hush-21-hush-21"],
];

function configured(mock: string, format: string, redact: object) {
  return {
    health_check: noHealthChecks,
    admin: { listen: "127.0.0.1:0" },
    logging: { format, level: "debug", redact },
    routes: [
      { path: "/echo", backends: [mock] },
      { path: "/ws", backends: [mock] },
      { path: "/down", backends: ["http://127.0.0.1:1"] },
    ],
  };
}

/** What the gateway keeps and shows of itself. */
async function kept(gateway: GatewayProcess): Promise<string> {
  const pages = ["backends", "routes", "log", "splits", "cache"].map(async (page) =>
    (await ask(`${gateway.adminUrl}/admin/${page}`)).text(),
  );
  const shown = await Promise.all(pages);
  return [JSON.stringify(gateway.rows()), gateway.lines.text, gateway.errors.text, ...shown].join(
    "\n",
  );
}

test.each(["text", "json"])(
  "no secret of a client is kept or shown, with %s lines",
  async (format) => {
    const mock = await startMockProcess(stage, "A");
    const redact = { query: ["ticket"], headers: ["User-Agent"] };
    const gateway = await startGateway(stage, configured(mock.url, format, redact));

    for (const lines of requests) {
      const answer = await askRaw(gateway.port, lines);
      // Only the mock repeats what it gets; the client's own path is no secret to it.
      if (answer.all("content-type").includes("application/problem+json")) {
        expect(answer.content.replaceAll(/;token=hush-1[24]/g, "")).not.toContain(SECRET);
      }
    }
    await ask(`${gateway.url}/last`);
    await gateway.lines.waitFor(/\/last/);
    await eventually(() => gateway.rows().at(-1)?.path === "/last");

    const rows = gateway.rows();
    expect(rows.length).toBe(requests.length + 1);
    expect(rows[0]?.query).toBe("?page=2&%74oken=[redacted]&apiKey=[redacted]&ticket=[redacted]");
    expect(rows.map((row) => row.user_agent)).toContain("[redacted]");
    expect(await kept(gateway)).not.toContain(SECRET);
  },
);

test("names that are added count from a reload on, and names that are excepted are kept", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, configured(mock.url, "text", {}));
  await ask(`${gateway.url}/echo?ticket=1&code=de`);

  const redact = { query: "ticket", except: ["code", "key"] };
  await gateway.reload(configured(mock.url, "text", redact));
  await ask(`${gateway.url}/echo?ticket=2&code=de&TOKEN=3`);

  const rows = await gateway.waitForRows(2);
  expect(rows.map(({ query }) => query)).toEqual([
    "?ticket=1&code=[redacted]",
    "?ticket=[redacted]&code=de&TOKEN=[redacted]",
  ]);
});

test("a request that began before a reload is kept without what was secret then", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, configured(mock.url, "text", { query: ["ticket"] }));
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws?ticket=hush`);
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  await gateway.reload(configured(mock.url, "text", {}));
  socket.close();

  const [row] = await gateway.waitForRows(1);
  expect(row?.query).toBe("?ticket=[redacted]");
});

test("names that cannot be are refused with their place", async () => {
  const cwd = stage.folder();
  await Bun.write(
    join(cwd, "gateway.yaml"),
    `logging:
  redact:
    query: ["?token", ok]
    headers: "x-api-key:"
    except: [colour]
routes: [{ path: /*, backends: ["http://127.0.0.1:9001"] }]
`,
  );
  const { code, err } = await runToEnd(stage, ["check", "gateway.yaml"], { cwd });

  expect(code).toBe(1);
  expect(err).toContain("gateway.yaml:3:13: error: `?token` is not the name of a parameter");
  expect(err).toContain("gateway.yaml:4:14: error: `x-api-key:` is not a field name");
  expect(err).toContain("gateway.yaml:5:14: warning: `colour` is logged anyway");
});

test("no secret is in any file of the access log", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, configured(mock.url, "text", {}));
  await ask(`${gateway.url}/echo?token=hush-file`);
  await gateway.waitForRows(1);
  await gateway.stop();

  using db = new Database(gateway.database, { readonly: true });
  expect(db.query("SELECT count(*) AS rows FROM logs").get()).toEqual({ rows: 1 });
  for (const suffix of ["", "-wal"]) {
    const file = Bun.file(`${gateway.database}${suffix}`);
    const bytes = (await file.exists()) ? Buffer.from(await file.bytes()) : Buffer.alloc(0);
    expect(bytes.includes("hush-file")).toBe(false);
  }
});

test("credentials are kept out wherever a provider takes them from", async () => {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    admin: { listen: "127.0.0.1:0" },
    logging: { level: "debug" },
    auth: {
      machines: {
        api_key: {
          keys: {
            billing: { hash: `sha256:${Bun.SHA256.hash("hush-right-key-hush-right-key", "hex")}` },
          },
          from: ["query:entry", "header:x-entry", "cookie:entry"],
        },
      },
      corp: { jwt: { secret: "0123456789abcdef0123456789abcdef", from: ["query:pass", "bearer"] } },
    },
    routes: [{ path: "/echo", backends: [mock.url], auth: ["machines", "corp"] }],
  });
  const asked: [string, Record<string, string>][] = [
    ["?entry=hush-right-key-hush-right-key", {}],
    ["?Entry=hush-wrong&%65ntry=hush-wrong-too", {}],
    ["?pass=hush.wrong.token", {}],
    ["", { "x-entry": "hush-wrong-key-in-a-field" }],
    ["", { cookie: "entry=hush-wrong-key-in-a-cookie" }],
    ["", { authorization: "Bearer hush-wrong.hush-wrong.hush-wrong" }],
  ];
  for (const [query, headers] of asked) {
    const answer = await ask(`${gateway.url}/echo${query}`, { headers });
    if (answer.status !== 200) expect(await answer.text()).not.toContain(SECRET);
  }
  const rows = await gateway.waitForRows(asked.length);
  expect(rows[0]?.query).toBe("?entry=[redacted]");
  expect(await kept(gateway)).not.toContain(SECRET);
});
