import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Config } from "../../../../src/config/schema.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { fieldOf } from "../../../../src/http/field.ts";
import { writeKeptContent } from "../../../../src/pipeline/kept-content.ts";
import type { LogRow } from "../../../../src/runtime/replay/logged-exchange.ts";
import { type Replay, replay } from "../../../../src/runtime/replay/replay.ts";
import { ReplayError } from "../../../../src/runtime/replay/replay-error.ts";
import type { Wanted } from "../../../../src/runtime/replay/wanted.ts";
import { systemClock } from "../../../../src/time/clock.ts";

interface Got {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

let got: Got[] = [];
let answer: (got: Got) => Response = () => new Response("ok");
let backend: Bun.Server<undefined>;
let url = "";

beforeAll(() => {
  backend = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = Object.fromEntries(request.headers);
      const one = {
        method: request.method,
        url: pathname + search,
        headers,
        body: await request.text(),
      };
      got.push(one);
      return answer(one);
    },
  });
  url = `http://127.0.0.1:${backend.port}`;
});

afterAll(() => backend.stop(true));

const row = (changes: LogRow = {}): LogRow => ({
  id: 7,
  method: "GET",
  path: "/things/1",
  query: null,
  host: "api.example.com",
  client_ip: "192.0.2.9",
  user_agent: "curl/8",
  route: "/things/*",
  backend: url,
  status_code: 200,
  latency_ms: 3,
  bytes_in: 0,
  bytes_out: 2,
  request_fields: JSON.stringify([
    ["host", "api.example.com"],
    ["accept", "text/plain"],
    ["connection", "x-hop"],
    ["authorization", "[redacted]"],
  ]),
  ...changes,
});

function configOf(route: object, more: object = {}): Config {
  const text = JSON.stringify({
    routes: [{ path: "/things/*", backends: [url], ...route }],
    ...more,
  });
  const { config, diagnostics } = loadConfig("gateway.yaml", text, {});
  if (config === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return config;
}

async function replayed(
  changes: LogRow = {},
  wanted: Wanted = {},
  config?: Config,
): Promise<{ result: Replay; sent: Got }> {
  got = [];
  const result = await replay(row(changes), wanted, { clock: systemClock, config });
  return { result, sent: got[0]! };
}

async function refusal(changes: LogRow, wanted: Wanted = {}): Promise<string> {
  const error: unknown = await replayed(changes, wanted).catch((reason: unknown) => reason);
  if (!(error instanceof ReplayError)) throw new Error("it was sent");
  return `${error.reason}: ${error.message}`;
}

describe("a request is sent again", () => {
  test("as the client sent it, with what the log has of it", async () => {
    const { result, sent } = await replayed({ query: "?a=%20b&c" });
    expect(sent).toMatchObject({ method: "GET", url: "/things/1?a=%20b&c" });
    expect(sent.headers).toMatchObject({
      host: "api.example.com",
      accept: "text/plain",
      "x-gateway-replay": "7",
    });
    expect(sent.headers["authorization"]).toBeUndefined();
    expect(result.request.url).toBe(`${url}/things/1?a=%20b&c`);
    expect(result.request.notes).toEqual([
      "sent without authorization, whose values the log does not have; `-H` gives them",
      "without its configuration: sent as the client sent it",
    ]);
  });

  test("with the usual fields if none were kept", async () => {
    const { result, sent } = await replayed({ request_fields: null });
    expect(sent.headers).toMatchObject({ "user-agent": "curl/8", accept: "*/*" });
    expect(result.request.notes[0]).toContain("were not kept");
  });

  test("with fields and parameters that are given", async () => {
    const { sent } = await replayed(
      { query: "?token=[redacted]&x=1&token=[redacted]" },
      {
        fields: [
          fieldOf("Authorization", "Bearer a"),
          fieldOf("Accept", ""),
          fieldOf("Host", "b.test"),
        ],
        parameters: [
          ["token", "s &"],
          ["new", "1"],
        ],
      },
    );
    expect(sent.url).toBe("/things/1?token=s%20%26&x=1&token=s%20%26&new=1");
    expect(sent.headers["authorization"]).toBe("Bearer a");
    expect(sent.headers["accept"]).toBeUndefined();
    expect(sent.headers["host"]).toBe("b.test");
  });

  test("with its content", async () => {
    const request_body = writeKeptContent({ type: "text/plain", bytes: 6, text: "añb\u001B" });
    const { sent } = await replayed(
      { method: "POST", bytes_in: 6, request_body },
      { isConfirmed: true },
    );
    expect(sent.body).toBe("añb\u001B");
    const binary = writeKeptContent({ type: "a/b", bytes: 3, base64: "AQID" });
    const other = await replayed(
      { method: "PUT", bytes_in: 3, request_body: binary },
      { isConfirmed: true },
    );
    expect(other.sent.body).toBe("\u0001\u0002\u0003");
  });

  test("as its route forwards it today", async () => {
    const config = configOf({
      path: "/things/:id",
      rewrite: "/v2/{path.id}",
      host: "inner.test",
      request: { headers: { set: { "x-a": "b" } }, json: { set: { added: "1" } } },
    });
    const request_body = writeKeptContent({ type: "application/json", bytes: 7, text: '{"a":1}' });
    const changes = {
      method: "POST",
      route: "/things/:id",
      bytes_in: 7,
      request_body,
      request_fields: JSON.stringify([["content-type", "application/json"]]),
    };
    const { sent, result } = await replayed(changes, { isConfirmed: true }, config);
    expect(sent.url).toBe("/v2/1");
    expect(sent.headers).toMatchObject({
      host: "inner.test",
      "x-a": "b",
      "x-forwarded-for": "192.0.2.9",
    });
    expect(JSON.parse(sent.body)).toMatchObject({ a: 1 });
    expect(sent.body).toContain("added");
    expect(result.request.notes).toEqual([]);
    const unchanged = await replayed(changes, { isConfirmed: true, isUnchanged: true }, config);
    expect(unchanged.sent).toMatchObject({ url: "/things/1", body: '{"a":1}' });
    expect(unchanged.sent.headers["x-forwarded-for"]).toBeUndefined();
  });

  test("to another place, below its path and with its host", async () => {
    for (const config of [undefined, configOf({})]) {
      const { sent, result } = await replayed({ backend: "" }, { to: `${url}/stage/` }, config);
      expect(sent.url).toBe("/stage/things/1");
      expect(sent.headers["host"]).toBe(url.slice("http://".length));
      expect(result.request.url).toBe(`${url}/stage/things/1`);
    }
  });

  test("by the settings of its named upstream", async () => {
    const upstreams = { users: { backends: [url], preserve_host: false } };
    const config = configOf({ backends: undefined, upstream: "users" }, { upstreams });
    const { sent } = await replayed({ upstream: "users" }, {}, config);
    expect(sent.headers["host"]).toBe(url.slice("http://".length));
    const gone = await replayed({ route: "/gone" }, {}, config);
    expect(gone.result.request.notes.at(-1)).toContain("has no route /gone any more");
  });
});

describe("it is refused", () => {
  test.each<[LogRow, string]>([
    [{ method: "DELETE" }, "unconfirmed: DELETE may change something at the backend"],
    [{ method: "CONNECT" }, "invalid: an upgraded connection"],
    [{ status_code: 101 }, "invalid: an upgraded connection"],
    [{ method: null }, "invalid: the row has no request"],
    [{ method: "G T" }, "invalid: `G T /things/1` is not"],
    [{ backend: null }, "invalid: the request reached no backend"],
    [{ backend: "nothing" }, "invalid: the row's backend"],
    [{ path: "/a;token=[redacted]" }, "incomplete: a part of the address"],
    [{ path: "/long…" }, "incomplete: the row has cut the path"],
    [{ query: "?long…" }, "incomplete: the row has cut the query"],
    [
      { query: "?token=[redacted]" },
      "incomplete: the log does not have the value of token: give it by `--set-query token=…`",
    ],
    [{ bytes_in: 9 }, "incomplete: the log did not keep the request's content of 9 bytes"],
    [
      { bytes_in: 9, request_body: writeKeptContent({ type: "", bytes: 9 }) },
      "incomplete: the log has only the type and the size",
    ],
    [
      { bytes_in: 9, request_body: writeKeptContent({ type: "", bytes: 9, text: "a", cut: true }) },
      "incomplete: the log has only the beginning",
    ],
    [
      {
        bytes_in: 9,
        request_body: writeKeptContent({ type: "", bytes: 9, text: "a", redacted: true }),
      },
      "incomplete: the request's content has values that were redacted",
    ],
  ])("%j", async (changes, reason) => {
    expect(await refusal(changes)).toStartWith(reason);
  });

  test.each([
    "ftp://a",
    "localhost:9001",
    "http://u:p@a",
    "http://a/?b",
    "http:///",
    "file:///etc/passwd",
  ])("to %s", async (to) => {
    const quoted = to.replace("u:p@", "[redacted]@");
    expect(await refusal({}, { to })).toStartWith(`invalid: \`${quoted}\` is no address`);
  });

  test("unless it is forced, or what is missing is given", async () => {
    const cut = writeKeptContent({ type: "", bytes: 9, text: "a", cut: true });
    const changes = { method: "POST", bytes_in: 9, request_body: cut, query: "?key=[redacted]" };
    const { sent, result } = await replayed(changes, { isForced: true, isConfirmed: true });
    expect(sent).toMatchObject({ body: "a", url: "/things/1?key=%5Bredacted%5D" });
    expect(result.request.notes.join()).toContain("only the beginning");
    const none = await replayed({ bytes_in: 9 }, { isForced: true });
    expect(none.sent.body).toBe("");
    const content = Buffer.from("whole");
    const given = await replayed({ ...changes, query: null }, { content, isConfirmed: true });
    expect(given.sent.body).toBe("whole");
  });
});

describe("both answers", () => {
  test("are told, with what differs", async () => {
    answer = () =>
      new Response('{"token":"x","a":2}', {
        status: 201,
        headers: { "content-type": "application/json", "x-b": "2", "set-cookie": "a=b" },
      });
    const { result } = await replayed({
      response_fields: JSON.stringify([
        ["content-type", "application/json"],
        ["x-a", "1"],
        ["date", "then"],
      ]),
      response_body: writeKeptContent({ type: "application/json", bytes: 9, text: '{"a":1}' }),
    });
    answer = () => new Response("ok");
    expect(result.replayed).toMatchObject({ status: 201, error: "", bytes: 19 });
    expect(result.replayed.content?.text).toBe('{"token":"[redacted]","a":2}');
    expect(result.differences.status).toBe(true);
    expect(result.differences.content).toBe(true);
    expect(result.differences.fields).toContainEqual({ name: "x-a", logged: "1", replayed: null });
    expect(result.differences.fields).toContainEqual({
      name: "set-cookie",
      logged: null,
      replayed: "[redacted]",
    });
    expect(result.differences.fields.map(({ name }) => name)).not.toContain("date");
  });

  test("are compared as far as both are known", async () => {
    const content = (text: string, more = {}) =>
      writeKeptContent({ type: "", bytes: 2, text, ...more });
    const differs = async (response_body: string | null) =>
      (await replayed({ response_body })).result.differences.content;
    expect(await differs(null)).toBeNull();
    expect(await differs(content("ok"))).toBe(false);
    expect(await differs(content("o", { cut: true }))).toBe(false);
    expect(await differs(content("x", { cut: true }))).toBe(true);
  });

  test("include none if the backend does not answer", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.end();
        },
        data() {},
      },
    });
    const { result } = await replayed({}, { to: `http://127.0.0.1:${server.port}` });
    server.stop(true);
    expect(result.replayed).toMatchObject({ status: 0, fields: null, content: null });
    expect(result.replayed.error).not.toBe("");
    expect(result.replayed.message).not.toBe("");
  });
});
