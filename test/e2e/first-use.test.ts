import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { ask, serverOf } from "../support/ask.ts";
import { runToEnd, startChild } from "../support/child.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

describe("`gateway init`", () => {
  test("writes a file that is valid, and that `serve` runs in front of a mock", async () => {
    const cwd = stage.folder();
    const written = await runToEnd(stage, ["init"], { cwd });
    expect(written).toMatchObject({ code: 0, err: "" });
    expect(written.out).toStartWith("Wrote gateway.yaml. ");
    const checked = await runToEnd(stage, ["check"], { cwd });
    expect(checked).toEqual({
      code: 0,
      out: "gateway.yaml is valid: 1 route, 1 backend\n",
      err: "",
    });

    // The file itself, but for its ports.
    const mock = await startMockProcess(stage, "Harry");
    const file = join(cwd, "gateway.yaml");
    const text = await Bun.file(file).text();
    await Bun.write(
      file,
      text.replace("port: 8080", "port: 0").replace("http://localhost:9001", mock.url),
    );
    const gateway = await startChild(stage, ["serve"], { cwd });
    const url = /listening on http:\/\/[^:]+:(\d+)/.exec(
      await gateway.lines.waitFor(/listening on/),
    )?.[1];
    expect(await serverOf(ask(`http://127.0.0.1:${url}/api/users/1`))).toBe("Harry");
  });

  test("leaves a file that is there as it is", async () => {
    const cwd = stage.folder();
    await Bun.write(join(cwd, "gateway.yaml"), "mine");
    const { code, out, err } = await runToEnd(stage, ["init"], { cwd });

    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("gateway.yaml already exists");
    expect(await Bun.file(join(cwd, "gateway.yaml")).text()).toBe("mine");
  });

  test("prints the file where it is named -", async () => {
    const cwd = stage.folder();
    const { code, out } = await runToEnd(stage, ["init", "-"], { cwd });

    expect(code).toBe(0);
    expect(out).toContain("\nroutes:\n");
    expect(readdirSync(cwd)).toEqual([]);
  });
});

/** Starts `gateway proxy` on a free port. */
async function startProxy(args: readonly string[], temporary = stage.folder()) {
  const env = { TMPDIR: temporary };
  const child = await startChild(stage, ["proxy", "--port", "0", ...args], { env });
  const line = await child.lines.waitFor(/sends everything to/);
  await child.lines.waitFor(/listening on/);
  return { ...child, url: /http:\S+/.exec(line)?.[0] ?? "" };
}

describe("`gateway proxy`", () => {
  test("sends every path to the backend with the client's Host, and says so", async () => {
    const mock = await startMockProcess(stage, "Harry");
    const { url, lines } = await startProxy(["--to", mock.url]);

    expect(lines.text).toContain(`${url} sends everything to ${mock.url}\n`);
    expect(lines.text).toContain("this machine only; --host 0.0.0.0 lets others in");
    for (const path of ["/", "/health", "/api/users/1"]) {
      expect(await serverOf(ask(`${url}${path}`))).toBe("Harry");
    }
    expect(await serverOf(ask(`${url}/admin/backends`))).toBe("Harry");
    const echo = await ask(`${url}/echo`, { headers: { host: "example.com" } });
    expect(((await echo.json()) as { fields: string[][] }).fields).toContainEqual([
      "host",
      "example.com",
    ]);
  });

  test("lets several backends take turns", async () => {
    const mocks = [await startMockProcess(stage, "Harry"), await startMockProcess(stage, "Sally")];
    const ports = mocks.map(({ port }) => String(port));
    const { url } = await startProxy(["--to", ports[0]!, `localhost:${ports[1]}`]);

    const servers = [await serverOf(ask(`${url}/echo`)), await serverOf(ask(`${url}/echo`))];
    expect(servers.sort()).toEqual(["Harry", "Sally"]);
  });

  test.each(["SIGTERM", "SIGHUP"] as const)("leaves nothing behind after %s", async (signal) => {
    const temporary = stage.folder();
    const { kill, exited, url } = await startProxy(["1"], temporary);
    expect(readdirSync(temporary)).toHaveLength(1);
    expect((await ask(`${url}/`)).status).toBe(502);

    kill(signal);
    expect(await exited).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("keeps the access log where --database says", async () => {
    const temporary = stage.folder();
    const database = join(stage.folder(), "requests.db");
    const mock = await startMockProcess(stage, "Harry");
    const { kill, exited, url, lines } = await startProxy(
      ["--to", mock.url, "--database", database],
      temporary,
    );
    expect(lines.text).toContain(`access log  ${database}\n`);
    await ask(`${url}/api/users/1`);
    kill("SIGTERM");
    expect(await exited).toBe(0);

    expect(readdirSync(temporary)).toEqual([]);
    expect(existsSync(database)).toBe(true);
    using rows = new Database(database, { readonly: true });
    expect(rows.query("SELECT path FROM logs").all()).toEqual([{ path: "/api/users/1" }]);
  });
});

test("`gateway` by itself shows the three ways to begin", async () => {
  const { code, out } = await runToEnd(stage, []);

  expect(code).toBe(0);
  for (const way of ["gateway demo", "gateway init", "gateway proxy --to http"])
    expect(out).toContain(way);
});

test.each(["config", "config routes.timeouts"])(
  "`gateway help %s` prints the reference",
  async (topic) => {
    const { code, out } = await runToEnd(stage, ["help", ...topic.split(" ")]);

    expect(code).toBe(0);
    expect(out).toContain("\n  routes[].timeouts.response: a duration");
  },
);
