import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

test("requests beyond a route's concurrency are refused until one of the same key has ended", async () => {
  const backend = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    defaults: { concurrency: { limit: 1, key: "{header.x-tenant}" } },
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const from = (tenant: string) => ask(`${gateway.url}/`, { headers: { "x-tenant": tenant } });

  const held = from("a");
  const inProgress = await backend.next();
  expect(await problemOf(await from("a"))).toMatchObject({
    status: 429,
    code: "too_many_in_progress",
  });

  const other = from("b");
  (await backend.next()).send(OK);
  expect((await other).status).toBe(200);

  inProgress.send(OK);
  expect(await (await held).text()).toBe("ok");
  const next = from("a");
  (await backend.next()).send(OK);
  expect((await next).status).toBe(200);
});
