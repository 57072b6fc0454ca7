import { expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

interface Counts {
  readonly answered: number;
  readonly failed: number;
  readonly too_large: number;
  readonly dropped: number;
}

async function mirrored(more: object = {}) {
  // One that answers too soon makes the client stop sending what should be copied.
  const real = await startRawBackend(stage, (request) => {
    const isChunked = request.all("transfer-encoding").length > 0;
    const sent = isChunked ? request.received("\r\n0\r\n\r\n") : Promise.resolve();
    void sent.then(() => request.send(answer([], "real")));
  });
  const shadow = await startRawBackend(stage);
  const gateway = await startGateway(stage, {
    admin: { listen: "127.0.0.1:0" },
    health_check: noHealthChecks,
    upstreams: { shadow: { backends: [shadow.url] } },
    routes: [
      { path: "/*", backends: [real.url], mirror: { upstream: "shadow", max_body: 10, ...more } },
    ],
  });
  const counts = async () => {
    const seen = await ask(`${gateway.adminUrl}/admin/mirrors`);
    return ((await seen.json()) as { mirrors: { "/*": Counts[] } }).mirrors["/*"][0];
  };
  return { gateway, real, shadow, counts };
}

test("a copy goes to the mirror, and no exchange waits for the answer to it", async () => {
  const { gateway, shadow, counts } = await mirrored();
  const next = shadow.next();
  const answered = await ask(`${gateway.url}/a?b=c`, { method: "POST", body: "content" });
  expect(await answered.text()).toBe("real");

  const copy = await next;
  expect(copy.lines[0]).toBe("POST /a?b=c HTTP/1.1");
  expect(copy.all("x-mirrored")).toEqual(["true"]);
  expect(copy.all("content-length")).toEqual(["7"]);
  await copy.received("content");
  copy.send(answer([], "thrown away"));
  await eventually(async () => (await counts())?.answered === 1);
  expect(await counts()).toMatchObject({ upstream: "shadow", failed: 0, too_large: 0, dropped: 0 });
  expect(await gateway.waitForRows(1)).toMatchObject([{ status_code: 200, attempts: 1 }]);
});

test("content of unknown length is copied as it passes, up to max_body", async () => {
  const { gateway, shadow, counts } = await mirrored();
  const send = (...pieces: string[]) =>
    ask(`${gateway.url}/`, {
      method: "POST",
      body: new ReadableStream({
        start(controller) {
          for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
          controller.close();
        },
      }),
    });
  const next = shadow.next();
  expect((await send("ab", "cd")).status).toBe(200);
  const copy = await next;
  expect(copy.all("transfer-encoding")).toEqual([]);
  expect(copy.all("content-length")).toEqual(["4"]);
  await copy.received("abcd");

  expect((await send("12345", "67890", "!")).status).toBe(200);
  await eventually(async () => (await counts())?.too_large === 1);
});

test("a mirror that refuses, hangs or resets harms no exchange", async () => {
  const { gateway, shadow, counts } = await mirrored();
  for (const fate of ["hangs", "resets"]) {
    const next = shadow.next();
    expect(await (await ask(`${gateway.url}/`)).text()).toBe("real");
    if (fate === "resets") (await next).end();
    else await next;
  }
  shadow.stop();
  expect(await (await ask(`${gateway.url}/`)).text()).toBe("real");
  await eventually(async () => (await counts())?.failed === 2);
});
