import { describe, expect, test } from "bun:test";
import { rowsIn } from "../telemetry/access-log/support.ts";
import { ask, serverOf } from "../../support/ask.ts";
import { eventually } from "../../support/eventually.ts";
import { answer, startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { mockBackend, start, UNCHECKED } from "./running.ts";
import { requires } from "../../support/requires.ts";

const stage = createStage();

const to = (path: string, backend: string) =>
  `routes: [{ path: "${path}", backends: ["${backend}"] }]`;
const BUSY = () => new Response("busy");

describe("a new configuration", () => {
  test("has its routes in force at once, on the same port", async () => {
    const { url, reloadWith } = start(stage, to("/old", mockBackend(stage, "old")));
    expect((await ask(`${url}/old`)).status).toBe(404);
    await reloadWith(to("/*", mockBackend(stage, "new")));
    expect(await serverOf(ask(`${url}/api/users`))).toBe("new");
  });

  test("leaves exchanges in flight to the old one", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const { url, reloadWith } = start(stage, UNCHECKED + to("/old", backend.url));
    const old = ask(`${url}/old`);
    const request = await asked;
    await reloadWith(to("/new", mockBackend(stage)));
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
    await reloadWith(checks + to("/b", backend.url));
    const response = await ask(`${url}/b`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain("no_healthy_backend");
  });

  test("has the server's limits in force at once", async () => {
    const backend = mockBackend(stage);
    const { url, log, reloadWith } = start(stage, to("/echo", backend));
    await reloadWith(to("/echo", backend), { server: ", max_body_size: 1B" });
    const refused = await ask(`${url}/echo`, { method: "POST", body: "hello" });
    expect(refused.status).toBe(413);
    expect(log()).not.toContain("need a restart");
  });

  test("has the server's timeouts in force at once", async () => {
    const backend = await startRawBackend(stage);
    const { url, reloadWith } = start(stage, UNCHECKED + to("/a", backend.url));
    await reloadWith(UNCHECKED + to("/a", backend.url), { server: ", write_timeout: 20ms" });
    expect((await ask(`${url}/a`)).status).toBe(504);
  });
});

describe("another address for clients", () => {
  test("is opened first; the old one closes when its exchanges have ended", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const running = start(stage, UNCHECKED + to("/old", backend.url));
    const before = running.url;
    const old = ask(`${before}/old`);
    const request = await asked;
    await running.reloadWith(UNCHECKED + to("/*", mockBackend(stage)), { host: "localhost" });
    expect(running.url).not.toBe(before);
    expect(running.log()).toContain(`listening on ${running.url}`);
    expect((await ask(`${running.url}/api/users`)).status).toBe(200);
    await eventually(() => refuses(before));
    request.send(answer(["Content-Type: text/plain"], "late"));
    expect(await (await old).text()).toBe("late");
  });

  test("that is taken is reported; the old one and all else stay in force", async () => {
    const busy = start(stage, to("/*", mockBackend(stage)));
    const running = start(stage, to("/old", mockBackend(stage, "old")));
    await running.reloadWith(to("/*", mockBackend(stage, "new")), { port: busy.port });
    expect(running.log()).toContain(
      `[ERROR] cannot listen on 127.0.0.1:${busy.port}: another process has this port`,
    );
    expect(running.log()).toContain("the old address stays in use");
    expect(await serverOf(ask(`${running.url}/api/users`))).toBe("new");
  });

  test("with the same port takes over from the old one", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const running = start(stage, UNCHECKED + to("/old", backend.url));
    const { port } = running;
    const old = ask(`${running.url}/old`);
    const request = await asked;
    await running.reloadWith(to("/*", mockBackend(stage)), { host: "0.0.0.0", port });
    expect(running.url).toBe(`http://0.0.0.0:${port}`);
    expect((await ask(`http://127.0.0.1:${port}/api/users`)).status).toBe(200);
    request.send(answer(["Content-Type: text/plain"], "late"));
    expect(await (await old).text()).toBe("late");
  });

  const linuxTest = test.skipIf(
    !requires(process.platform === "linux", "127.0.0.2, as Linux has it"),
  );
  linuxTest("with the same port that cannot be had leaves the old one open", async () => {
    const running = start(stage, to("/*", mockBackend(stage)));
    const { port, url } = running;
    // Occupies the port on another address of this machine, so that it cannot be had on all.
    const busy = Bun.serve({ hostname: "127.0.0.2", port, reusePort: false, fetch: () => BUSY() });
    stage.defer(() => busy.stop(true));
    await running.reloadWith(to("/*", mockBackend(stage)), { host: "0.0.0.0", port });
    expect(running.log()).toContain(`[ERROR] cannot listen on 0.0.0.0:${port}`);
    expect(running.url).toBe(url);
    expect((await ask(`${url}/api/users`)).status).toBe(200);
  });

  test("counts as cut when the gateway stops", async () => {
    const backend = await startRawBackend(stage);
    const asked = backend.next();
    const running = start(stage, UNCHECKED + to("/old", backend.url));
    const outcome = ask(`${running.url}/old`);
    await asked;
    await running.reloadWith(UNCHECKED + to("/old", backend.url), {
      host: "localhost",
      server: ", shutdown_timeout: 20ms",
    });
    expect(await running.stop()).toEqual({ cut: 1, lostRows: 0 });
    expect((await outcome).status).toBe(503);
  });
});

describe("other settings for the operator", () => {
  const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  test("have another token in force at once, on the same port", async () => {
    const routes = to("/a", mockBackend(stage));
    const admin = (token: string) => `admin: { listen: "127.0.0.1:0", token: ${token} }\n`;
    const { adminUrl, reloadWith } = start(stage, admin("first") + routes);
    await reloadWith(admin("second") + routes);
    expect((await ask(`${adminUrl}/admin/log`, withToken("first"))).status).toBe(401);
    expect((await ask(`${adminUrl}/admin/log`, withToken("second"))).status).toBe(200);
  });

  test("open and close the operator's port", async () => {
    const routes = to("/a", mockBackend(stage));
    const running = start(stage, `admin: { listen: off, token: s3cret }\n${routes}`);
    expect(running.adminUrl).toBeUndefined();
    await running.reloadWith(`admin: { listen: "127.0.0.1:0", token: s3cret }\n${routes}`);
    const opened = running.adminUrl ?? "";
    expect((await ask(`${opened}/admin/log`, withToken("s3cret"))).status).toBe(200);
    expect(running.log()).toContain(`admin on ${opened}/admin`);
    await running.reloadWith(`admin: { listen: off, token: s3cret }\n${routes}`);
    await eventually(() => refuses(opened));
  });

  test("with a port that is taken have another token in force all the same", async () => {
    const routes = to("/a", mockBackend(stage));
    const admin = (listen: string, token: string) =>
      `admin: { listen: "${listen}", token: ${token} }\n`;
    const running = start(stage, admin("127.0.0.1:0", "first") + routes);
    await running.reloadWith(admin(new URL(running.url).host, "second") + routes);
    expect((await ask(`${running.adminUrl}/admin/log`, withToken("first"))).status).toBe(401);
    expect((await ask(`${running.adminUrl}/admin/log`, withToken("second"))).status).toBe(200);
  });

  test("with a port that is taken are reported and left", async () => {
    const routes = to("/a", mockBackend(stage));
    const admin = (listen: string) => `admin: { listen: "${listen}", token: s3cret }\n`;
    const running = start(stage, admin("127.0.0.1:0") + routes);
    const busy = new URL(running.url).host;
    await running.reloadWith(admin(busy) + routes);
    expect(running.log()).toContain(`[ERROR] cannot listen on ${busy}: another process has`);
    expect((await ask(`${running.adminUrl}/admin/log`, withToken("s3cret"))).status).toBe(200);
  });
});

describe("other settings of the log", () => {
  test("have another level and another form in force at once", async () => {
    const routes = to("/api/*", mockBackend(stage));
    const { url, log, reloadWith } = start(stage, routes);
    await reloadWith(routes, { logging: "level: warn, format: json" });
    await ask(`${url}/api/users`);
    await ask(`${url}/nowhere`);
    await eventually(() => log().includes("/nowhere"));
    expect(log()).not.toContain("/api/users");
    expect(JSON.parse(log().trim().split("\n").at(-1) ?? "")).toMatchObject({ level: "warn" });
  });

  test("have further rows in another database, and lose none of those before", async () => {
    const routes = to("/*", mockBackend(stage));
    const { url, database, stop, reloadWith } = start(stage, routes);
    await ask(`${url}/api/users/1`);
    const other = `${stage.folder()}/other.db`;
    await reloadWith(routes, { database: other });
    await ask(`${url}/api/users/2`);
    await stop();
    expect(rowsIn(database)).toMatchObject([{ path: "/api/users/1" }]);
    expect(rowsIn(other)).toMatchObject([{ path: "/api/users/2" }]);
  });
});

async function refuses(url: string): Promise<boolean> {
  return ask(`${url}/health`).then(
    () => false,
    () => true,
  );
}
