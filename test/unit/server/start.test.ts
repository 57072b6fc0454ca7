import { describe, expect, test } from "bun:test";
import { type Clock, systemClock } from "../../../src/time/clock.ts";
import { ask, problemOf, serverOf } from "../../support/ask.ts";
import { eventually } from "../../support/eventually.ts";
import { askRaw } from "../../support/raw-http.ts";
import { answer, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { mockBackend, start } from "./running.ts";

const stage = createStage();

describe("over real sockets", () => {
  test("a request goes to its backend, and the log has its line", async () => {
    const backend = mockBackend(stage, "one");
    const { url, log } = start(stage, `routes: [{ path: "/*", backends: ["${backend}"] }]`);
    expect(await serverOf(ask(`${url}/api/users`))).toBe("one");
    const line = new RegExp(
      String.raw`^\d{4}(-\d\d){2}T\d\d(:\d\d){2}\.\d{3}Z \[INFO\] GET /api/users - 200 \(\d+ms\) - Backend: ${backend} - Client: 127\.0\.0\.1 - Id: \S+$`,
      "m",
    );
    await eventually(() => line.test(log()));
  });

  test("a route whose backends' certificates are not checked is warned of", () => {
    const { log } = start(
      stage,
      `routes:
        - { path: /a, backends: ["https://127.0.0.1:1"], tls: { insecure_skip_verify: true } }
        - { path: /b, backends: ["https://127.0.0.1:1"], tls: { insecure_skip_verify: false } }`,
    );
    expect(log()).toContain("route /a: insecure_skip_verify is on");
    expect(log()).not.toContain("route /b");
  });

  test.each(["Host:", "Host: a b", "Host: a, b", "Host: a/b", "Host: user@a"])(
    "a request with `%s` is answered 400 before its path is looked at",
    async (host) => {
      const { port } = start(
        stage,
        `routes: [{ path: "/*", backends: ["${mockBackend(stage)}"] }]`,
      );
      for (const path of ["/", "/x", "/long/enough/to/be/found", "/health"]) {
        const { status, content } = await askRaw(port, [`GET ${path} HTTP/1.1`, host]);
        expect(status).toBe(400);
        expect(JSON.parse(content)).toMatchObject({ code: "invalid_host" });
      }
    },
  );

  test("the authority of an absolute target counts for nothing", async () => {
    const { port } = start(
      stage,
      `routes: [{ path: "/echo", backends: ["${mockBackend(stage)}"] }]`,
    );
    for (const target of ["http://other.test/echo", "https://other.test/echo"]) {
      const { status, content } = await askRaw(port, [`GET ${target} HTTP/1.1`, "Host: a"]);
      expect(status).toBe(200);
      expect(JSON.parse(content)).toMatchObject({ path: "/echo" });
    }
  });

  // Hosts that are well-formed and yet fit no URL make the runtime hand on the target unresolved.
  test.each([
    ["HTTP/1.0", undefined],
    ["HTTP/1.1", "Host: a:99999"],
    ["HTTP/1.1", "Host: 1.2.3.4.5"],
    ["HTTP/1.1", "Host: [::1::2]"],
  ])("no spelling leads out of a route: %s with %p", async (version, host) => {
    const { port } = start(
      stage,
      `routes: [{ path: "/open/*", backends: ["${mockBackend(stage)}"] }]`,
    );
    const lines = host === undefined ? [] : [host];
    for (const path of ["/open/../echo", "/open/%2e%2E/echo", "/open/x/..\\..\\echo"]) {
      const { content } = await askRaw(port, [`GET ${path} ${version}`, ...lines]);
      expect(JSON.parse(content)).not.toMatchObject({ path: "/echo" });
    }
  });

  test("an exception in a handler is a 500 that reveals nothing, and affects no other request", async () => {
    let broken = true;
    const clock: Clock = {
      ...systemClock,
      schedule(delay, callback) {
        if (delay !== 1_234 || !broken) return systemClock.schedule(delay, callback);
        broken = false;
        throw new TypeError("secret of the clock");
      },
    };
    const { url, log } = start(
      stage,
      `routes: [{ path: "/echo", backends: ["${mockBackend(stage)}"] }]`,
      { clock, server: ", write_timeout: 1234ms" },
    );
    const answers = await Promise.all([1, 2, 3].map(() => ask(`${url}/echo`)));
    const crashes = answers.filter(({ status }) => status === 500);
    expect(crashes).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    const problem = await problemOf(crashes[0]!);
    expect(problem.code).toBe("internal_error");
    expect(JSON.stringify(problem)).not.toContain("secret");
    const crashed = `[ERROR] request ${problem.request_id} failed in the gateway: TypeError: secret of the clock`;
    expect(log().split(crashed)).toHaveLength(2);
  });

  test("an answer that breaks off resets the connection and is logged", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      request.end();
    });
    const { url, log } = start(stage, `routes: [{ path: "/*", backends: ["${backend.url}"] }]`);
    const broken = await ask(`${url}/a`).then(
      async (response) =>
        response.text().then(
          () => "whole",
          () => "broken",
        ),
      () => "broken",
    );
    expect(broken).toBe("broken");
    await eventually(() => log().includes("backend_answer_incomplete"));
  });

  test("a backend's health is logged when it changes", async () => {
    let well = false;
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer([], "", well ? "200 OK" : "503 Not now"));
      request.end();
    });
    const { log } = start(
      stage,
      `
health_check: { path: /health, interval: 100ms, timeout: 100ms, unhealthy_after: 1 }
routes: [{ path: "/*", backends: ["${backend.url}"] }]`,
    );
    await eventually(() =>
      log().includes(`[WARN] backend ${backend.url} is unhealthy after 1 fail`),
    );
    well = true;
    await eventually(() => log().includes(`[INFO] backend ${backend.url} is healthy again`));
  });
});
