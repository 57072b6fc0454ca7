import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { runToEnd, startChild } from "../support/child.ts";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

const CONFIG = {
  routes: [
    { path: "/good/*", respond: { status: 200, body: "good" } },
    { path: "/bad/*", respond: { status: 503, body: "bad" } },
  ],
};

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

test("the log is searched while the gateway runs, and on a copy without it", async () => {
  const gateway = await startGateway(stage, CONFIG);
  for (const path of ["/good/1", "/bad/2", "/good/3"]) await ask(`${gateway.url}${path}`);
  await gateway.waitForRows(3);
  const logs = (...args: string[]) =>
    runToEnd(stage, ["logs", "--database", gateway.database, ...args]);

  const found = await logs("--status", "5xx", "--json");
  expect(found.code).toBe(0);
  expect(lines(found.out).map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { path: "/bad/2", status_code: 503, route: "/bad/*" },
  ]);
  const table = await logs("--path", "/good/*", "--since", "1h");
  expect(lines(table.out)).toHaveLength(3);
  expect(lines(table.out)[2]).toContain("/good/3");
  expect((await logs("show", "2")).out).toContain("/bad/2");
  expect((await logs("--status", "none")).code).toBe(2);

  await gateway.stop();
  const copy = join(stage.folder(), "copy.db");
  copyFileSync(gateway.database, copy);
  const copied = await runToEnd(stage, ["logs", "--database", copy, "--csv"]);
  expect(copied.out.split("\r\n")).toHaveLength(5);
});

test("a follower prints rows as they are written, and ends with its reader and by a signal", async () => {
  const gateway = await startGateway(stage, CONFIG);
  const args = ["logs", "--follow", "--json", "--database", gateway.database];
  const follower = await startChild(stage, args);
  const piped = await startChild(stage, [], {
    command: ["bash", "-c", `"$0" ${args.join(" ")} | head -1`, await gatewayBinary()],
  });
  await ask(`${gateway.url}/good/1`);
  expect(await follower.lines.waitFor(/good/)).toContain('"/good/1"');
  await piped.lines.waitFor(/good/);
  await ask(`${gateway.url}/bad/2`);
  await follower.lines.waitFor(/bad/);
  expect(await piped.exited).toBe(0);
  follower.kill("SIGINT");
  expect(await follower.exited).toBe(0);
});

test("a follower is as wide as its terminal, after a change of that too, and without colour if asked", async () => {
  const gateway = await startGateway(stage, CONFIG);
  const socket = `logs-${process.pid}`;
  const tmux = async (...args: string[]) => {
    const child = Bun.spawn(["tmux", "-L", socket, "-f", "/dev/null", ...args], {
      env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", LANG: "C.UTF-8" },
      stdout: "pipe",
    });
    return child.stdout.text();
  };
  stage.defer(async () => {
    await tmux("kill-server");
  });
  const command = `${await gatewayBinary()} logs --follow --database ${gateway.database}`;
  await tmux("new-session", "-d", "-x", "60", "-y", "24", command);
  const path = `/good/${"long-".repeat(12)}end`;
  const screen = (flags: string[] = []) => tmux("capture-pane", "-p", ...flags);
  await ask(`${gateway.url}${path}`);
  const narrow = await eventually(async () => {
    const text = await screen();
    return text.includes("/good/") && text;
  });
  expect(Math.max(...lines(narrow).map(({ length }) => length))).toBeLessThanOrEqual(60);
  expect(narrow).toMatch(/TIME +ID +STATUS/);
  expect(narrow).toMatch(/200 .*\/good\/.*….*end/);

  await tmux("resize-window", "-x", "200", "-y", "24");
  await ask(`${gateway.url}${path}`);
  const wide = await eventually(async () => {
    const text = await screen(["-e"]);
    return text.includes(path) && text;
  });
  expect(wide).toMatch(/TIME +ID +STATUS.* CLIENT/);
  expect(wide).not.toContain("\u001b[3");
});
