import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

interface Sent {
  readonly url: string;
  readonly mark: string | null;
  readonly body: string;
}

function startEcho(name: string) {
  const sent: Sent[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const body = await request.text();
      sent.push({ url: pathname, mark: request.headers.get("x-gateway-replay"), body });
      return Response.json({ from: name }, { status: 422 });
    },
  });
  stage.defer(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, sent };
}

/** A column of the only row. */
function columns(database: string): Record<string, string | number | null> {
  using db = new Database(database, { readonly: true });
  return db.query<Record<string, string | number | null>, []>("SELECT * FROM logs").get() ?? {};
}

test("a request with content that was kept can be sent again, to its backend and elsewhere", async () => {
  const [backend, other] = [startEcho("backend"), startEcho("other")];
  const cwd = stage.folder();
  const config = {
    health_check: noHealthChecks,
    admin: { listen: "off" },
    routes: [
      { path: "/api/*", backends: [backend.url], strip_prefix: "/api", log_body: true },
      { path: "/quiet", backends: [backend.url], log: "off" },
    ],
  };
  const gateway = await startGateway(stage, config, { cwd });
  await ask(`${gateway.url}/quiet`);
  const headers = { "content-type": "application/json" };
  await ask(`${gateway.url}/api/orders`, { method: "POST", headers, body: '{"a":"b"}' });
  await gateway.waitForRows(1);
  expect(JSON.parse(String(columns(gateway.database)["request_body"]))).toEqual({
    type: "application/json",
    bytes: 9,
    text: '{"a":"b"}',
  });

  const replay = (...flags: string[]) =>
    runToEnd(stage, ["replay", "1", "--config", join(cwd, "test-gateway.yaml"), "--yes", ...flags]);
  const [again, elsewhere] = await Promise.all([
    replay(),
    replay("--to", `${other.url}/v2`, "--json"),
  ]);
  expect([again.code, again.err]).toEqual([0, ""]);
  expect(again.out).toMatch(/^status +422 +422$/m);
  expect(again.out).toMatch(/^content +the same$/m);
  expect(backend.sent.at(-1)).toEqual({ url: "/orders", mark: "1", body: '{"a":"b"}' });
  expect(other.sent).toEqual([{ url: "/v2/orders", mark: "1", body: '{"a":"b"}' }]);
  expect(JSON.parse(elsewhere.out)).toMatchObject({
    differences: { status: false, content: true },
  });
});

test("a language model's stream arrives as it is sent, and its row has the tokens", async () => {
  const first = 'data: {"model":"gpt-5","choices":[{"delta":{"content":"Hi"}}],"usage":null}\n\n';
  const rest =
    'data: {"model":"gpt-5","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\ndata: [DONE]\n\n';
  const received = Promise.withResolvers<void>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(Buffer.from(first));
            // Not before the client has the first event: nothing may wait for more.
            await received.promise;
            controller.enqueue(Buffer.from(rest));
            controller.close();
          },
        }),
        { headers: { "content-type": "text/event-stream" } },
      ),
  });
  stage.defer(() => server.stop(true));
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    admin: { listen: "off" },
    routes: [
      {
        path: "/v1/*",
        backends: [`http://127.0.0.1:${server.port}`],
        log: { usage: "llm" },
        log_body: { when: "all" },
      },
    ],
  });
  const answer = await ask(`${gateway.url}/v1/chat/completions`, { method: "POST", body: "{}" });
  const pieces: Buffer[] = [];
  for await (const piece of answer.body ?? []) {
    pieces.push(Buffer.from(piece));
    received.resolve();
  }
  expect(Buffer.concat(pieces).toString()).toBe(first + rest);
  await gateway.waitForRows(1);
  const row = columns(gateway.database);
  expect([row["model"], row["tokens_in"], row["tokens_out"]]).toEqual(["gpt-5", 7, 2]);
  expect(JSON.parse(String(row["response_body"])).text).toBe(first + rest);
});
