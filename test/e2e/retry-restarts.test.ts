import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ask, problemOf } from "../support/ask.ts";
import { type Child, startChild } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const CLIENTS = 8;
/** Requests that are answered between one restart and the next. */
const BETWEEN = 80;

interface Outcome {
  readonly method: string;
  readonly id: string;
  readonly status: number;
  readonly code: string | undefined;
}

/** Backends in processes of their own, which note the ids of POSTs in a file. */
async function startBackend(file: string, port = 0): Promise<{ child: Child; port: number }> {
  const script = join(import.meta.dir, "../support/counting-backend.ts");
  const command = [process.execPath, script, `${port}`, file];
  const child = await startChild(stage, [], { command });
  const line = await child.lines.waitFor(/listening on /);
  return { child, port: Number(/[0-9]+$/.exec(line)?.[0]) };
}

test("four backends restart one after another under load with `retry: 3`: no GET fails, and no POST is processed twice", async () => {
  const folder = stage.folder();
  const files = [0, 1, 2, 3].map((index) => join(folder, `posts-${index}`));
  const backends = await Promise.all(files.map((file) => startBackend(file)));
  const gateway = await startGateway(stage, {
    routes: [
      { path: "/*", retry: 3, backends: backends.map(({ port }) => `http://127.0.0.1:${port}`) },
    ],
  });
  const outcomes: Outcome[] = [];
  const load = { isOver: false };
  const client = async (index: number) => {
    for (let turn = 0; !load.isOver; turn += 1) {
      const method = turn % 2 === 0 ? "GET" : "POST";
      const id = `${index}-${turn}`;
      const body = method === "POST" ? { body: "content" } : {};
      const response = await ask(`${gateway.url}/?id=${id}`, { method, ...body });
      const code = response.ok ? undefined : (await problemOf(response)).code;
      if (response.ok) expect(await response.text()).toBe(id);
      outcomes.push({ method, id, status: response.status, code });
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, index) => client(index));
  const more = async () => {
    const goal = outcomes.length + BETWEEN;
    await Promise.race([eventually(() => outcomes.length >= goal), ...clients]);
  };
  await more();
  for (const [index, { child, port }] of backends.entries()) {
    child.kill(index % 2 === 0 ? "SIGKILL" : "SIGTERM");
    await child.exited;
    await startBackend(files[index] ?? "", port);
    await more();
  }
  load.isOver = true;
  await Promise.all(clients);

  const failed = outcomes.filter(({ status }) => status !== 200);
  expect(failed.filter(({ method }) => method === "GET")).toEqual([]);
  // Those that a backend had when it was killed.
  for (const { status, code } of failed) {
    expect([status, code]).toEqual([502, "backend_connection_closed"]);
  }
  const processed = files.flatMap((file) =>
    existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [],
  );
  expect(processed.length).toBeGreaterThan(0);
  expect(processed.filter((id, at) => processed.indexOf(id) !== at)).toEqual([]);
  const answered = outcomes.filter(({ method, status }) => method === "POST" && status === 200);
  expect(answered.filter(({ id }) => !processed.includes(id))).toEqual([]);
  const rows = await gateway.waitForRows(outcomes.length);
  const again = rows.filter(({ attempts }) => attempts > 1);
  expect(again.length).toBeGreaterThan(0);
  for (const { attempt_outcomes: text, attempts } of again) {
    expect(text?.split("; ")).toHaveLength(attempts);
  }
  expect(await gateway.stop()).toBe(0);
});
