import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { ask, serverOf } from "../support/ask.ts";
import { startChild } from "../support/child.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { eventually } from "../support/eventually.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** Takes a port, unless another process already has. */
async function occupy(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.on("error", () => resolve());
    server.listen(port, "127.0.0.1", resolve);
  });
  stage.defer(() => server.close());
}

test("the demo moves to free ports, says what to try, and leaves nothing behind", async () => {
  await Promise.all([8080, 9001].map(occupy));
  const temporary = stage.folder();
  const cwd = stage.folder();
  const demo = await startChild(stage, ["demo"], { cwd, env: { TMPDIR: temporary } });

  const line = await demo.lines.waitFor(/curl http:\S+\/api\/users\/1/);
  const url = /curl (http:\/\/[^/]+)/.exec(line)?.[1] ?? "";
  expect(new URL(url).port).not.toBe("8080");
  await demo.lines.waitFor(/port 8080 is taken; using a free one instead/);
  await demo.lines.waitFor(/port 9001 is taken; using a free one instead/);
  await demo.lines.waitFor(/Press Ctrl-C to stop/);

  const users = [
    await serverOf(ask(`${url}/api/users/1`)),
    await serverOf(ask(`${url}/api/users/1`)),
  ];
  expect(users.sort()).toEqual(["UserService-1", "UserService-2"]);
  expect(await serverOf(ask(`${url}/api/orders/1`))).toBe("OrderService");
  for (const path of ["/api/users/", "/api/orders/"]) {
    expect((await ask(`${url}${path}`)).status).toBe(200);
  }
  expect((await ask(`${url}/health`)).status).toBe(200);
  expect((await ask(`${url}/admin/backends`)).status).toBe(200);
  expect((await ask(`${url}/nowhere`)).status).toBe(404);
  expect(readdirSync(temporary)).toHaveLength(1);

  demo.kill("SIGINT");
  expect(await demo.exited).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
  expect(readdirSync(cwd)).toEqual([]);
});

test.each(["SIGHUP", "SIGTERM"] as const)("the demo cleans up after %s", async (signal) => {
  const temporary = stage.folder();
  const demo = await startChild(stage, ["demo"], { env: { TMPDIR: temporary } });
  await demo.lines.waitFor(/Press Ctrl-C to stop/);
  expect(readdirSync(temporary)).toHaveLength(1);

  demo.kill(signal);
  expect(await demo.exited).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});

test("a terminal that is closed while the demo is starting leaves nothing behind", async () => {
  const temporary = stage.folder();
  const demo = await startChild(stage, ["demo"], { env: { TMPDIR: temporary } });
  await eventually(() => readdirSync(temporary).length === 1);

  demo.kill("SIGHUP");
  expect(await demo.exited).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});

test("a terminal that is closed leaves nothing behind", async () => {
  const temporary = stage.folder();
  const { promise: shown, resolve } = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  let text = "";
  const demo = Bun.spawn([await gatewayBinary(), "demo"], {
    env: { TMPDIR: temporary },
    terminal: {
      data(_, bytes) {
        text += decoder.decode(bytes, { stream: true });
        if (text.includes("Press Ctrl-C to stop")) resolve();
      },
    },
  });
  stage.defer(() => demo.kill("SIGKILL"));
  await shown;
  expect(readdirSync(temporary)).toHaveLength(1);

  demo.terminal?.close();
  expect(await demo.exited).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});
