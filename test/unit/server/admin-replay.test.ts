import { afterAll, beforeAll, expect, test } from "bun:test";
import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";
import { writeKeptContent } from "../../../src/pipeline/kept-content.ts";
import type { Queries } from "../../../src/telemetry/query/queries.ts";
import type { Row } from "../../../src/telemetry/query/row.ts";
import { systemClock } from "../../../src/time/clock.ts";
import { adminPages } from "../../support/admin-pages.ts";

let got: string[] = [];
let backend: Bun.Server<undefined>;
let url = "";

beforeAll(() => {
  backend = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      got.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
      return new Response("again");
    },
  });
  url = `http://127.0.0.1:${backend.port}`;
});

afterAll(() => backend.stop(true));

function configuration(): Config {
  const routes = [{ path: "/a/*", backends: [url], strip_prefix: "/a" }];
  const { config } = loadConfig("gateway.yaml", JSON.stringify({ routes }), {});
  if (config === undefined) throw new Error("invalid");
  return config;
}

async function asked(content: object, changes: Record<string, string | number> = {}) {
  got = [];
  const row = {
    id: 7,
    method: "GET",
    path: "/a/b",
    route: "/a/*",
    backend: url,
    status_code: 200,
    ...changes,
  };
  const exchange: Queries["exchange"] = ({ id }) =>
    Promise.resolve(id === "7" ? (row as Row) : null);
  const queries = () => ({ exchange }) as Queries;
  const pages = adminPages({ clock: systemClock, configuration, queries });
  const answer = await pages.handle(
    new Request("http://127.0.0.1:9090/admin/api/replay", {
      method: "POST",
      headers: { "content-type": "application/json", host: "127.0.0.1:9090" },
      body: JSON.stringify(content),
    }),
  );
  return { status: answer.status, content: (await answer.json()) as Record<string, unknown> };
}

test("a request of the log is sent again, as its route forwards it", async () => {
  const { status, content } = await asked({ id: 7 });
  expect([status, got]).toEqual([200, ["GET /b "]]);
  expect(content).toMatchObject({
    id: 7,
    request: { method: "GET", url: `${url}/b`, bytes: 0 },
    logged: { status: 200 },
    replayed: { status: 200, content: { text: "again" } },
    differences: { status: false, fields: [], content: null },
  });
});

test("a method that may change something is sent when that is confirmed", async () => {
  const kept = {
    method: "POST",
    bytes_in: 2,
    request_body: writeKeptContent({ type: "", bytes: 2, text: "hi" }),
  };
  const refused = await asked({ id: 7 }, kept);
  expect(refused).toMatchObject({
    status: 409,
    content: { detail: "POST may change something at the backend; `confirm: true` sends it" },
  });
  expect(got).toEqual([]);
  await asked({ id: 7, confirm: true }, kept);
  expect(got).toEqual(["POST /b hi"]);
});

test("what cannot be sent is a problem", async () => {
  expect(await asked({ id: 8 })).toMatchObject({ status: 404 });
  expect(await asked({ id: 7, to: "file:///etc/passwd" })).toMatchObject({ status: 422 });
  expect(await asked({ id: 7 }, { query: "?token=[redacted]" })).toMatchObject({ status: 422 });
  expect(got).toEqual([]);
});
