import { describe, expect, test } from "bun:test";
import { ask, serverOf } from "../../support/ask.ts";
import { eventually } from "../../support/eventually.ts";
import { answer, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { mockBackend, start, UNCHECKED } from "./running.ts";

const stage = createStage();

const to = (path: string, backend: string) =>
  `routes: [{ path: "${path}", backends: ["${backend}"] }]`;
const warnings = (log: string) => log.split("\n").filter((line) => line.includes("[WARN]"));

describe("a new configuration", () => {
  test("has its routes in force at once, on the same port", async () => {
    const { url, reloadWith } = start(stage, to("/old", mockBackend(stage, "old")));
    expect((await ask(`${url}/old`)).status).toBe(404);
    reloadWith(to("/*", mockBackend(stage, "new")));
    expect(await serverOf(ask(`${url}/api/users`))).toBe("new");
  });

  test("leaves what is under way to the old one", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const { url, reloadWith } = start(stage, UNCHECKED + to("/old", backend.url));
    const old = ask(`${url}/old`);
    const request = await asked;
    reloadWith(to("/new", mockBackend(stage)));
    expect((await ask(`${url}/old`)).status).toBe(404);
    request.send(answer(["Content-Type: text/plain"], "late"));
    expect(await (await old).text()).toBe("late");
  });

  test("finds its backends in the health that they had", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer([], "", "503 Not now"));
      request.end();
    });
    const checks = "health_check: { interval: 100ms, timeout: 100ms, unhealthy_after: 1 }\n";
    const { url, reloadWith } = start(stage, checks + to("/a", backend.url));
    await eventually(async () =>
      (await ask(`${url}/a`)).headers.get("proxy-status")?.includes("unavailable"),
    );
    reloadWith(checks + to("/b", backend.url));
    const response = await ask(`${url}/b`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("no_healthy_backend");
  });

  test("that touches what was opened at the start says that this has to wait", () => {
    const backend = mockBackend(stage);
    const { log, reloadWith } = start(stage, to("/a", backend));
    reloadWith(to("/b", backend));
    expect(warnings(log())).toEqual([]);
    reloadWith(`admin: { token: s3cret }\n${to("/b", backend)}`, { server: ", read_timeout: 7s" });
    expect(warnings(log()).map((line) => line.replace(/^.*\[WARN\] /, ""))).toEqual([
      "`server` has changed; that takes effect at the next start",
      "`admin` has changed; that takes effect at the next start",
    ]);
  });

  // What is in force is what the process began with, not what the last reload asked for.
  test("is compared with what is in force", () => {
    const backend = mockBackend(stage);
    const { log, reloadWith } = start(stage, to("/a", backend));
    reloadWith(to("/a", backend), { server: ", read_timeout: 7s" });
    reloadWith(to("/a", backend), { server: ", read_timeout: 7s" });
    expect(warnings(log())).toHaveLength(2);
    reloadWith(to("/a", backend));
    expect(warnings(log())).toHaveLength(2);
  });

  test("has to wait with all of what the log says has to wait", async () => {
    const { url, reloadWith } = start(stage, to("/echo", mockBackend(stage)));
    reloadWith(to("/echo", mockBackend(stage)), { server: ", max_body_size: 1B" });
    const response = await ask(`${url}/echo`, { method: "POST", body: "hello" });
    expect(response.status).toBe(200);
  });
});
