import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { startGateway } from "../support/gateway-process.ts";
import { hasProc, pidOf } from "../support/proc.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { createStage } from "../support/stage.ts";
import { requiresProgram } from "../support/requires.ts";

const stage = createStage();
const limitTest = test.skipIf(!hasProc || !requiresProgram("prlimit", "util-linux"));

/** Limits a process to `most` file descriptors. */
function limitDescriptors(pid: number, most: number): void {
  const { exitCode } = Bun.spawnSync(["prlimit", `--pid=${pid}`, `--nofile=${most}:`]);
  if (exitCode !== 0) throw new Error("prlimit has failed");
}

function lowestFree(pid: number): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (open.has(free)) free += 1;
  return free;
}

/** One connection, on which requests follow one another. Answers their statuses. */
function keptConnection(port: number) {
  const socket = connect(port, "127.0.0.1");
  stage.defer(() => socket.destroy());
  let text = "";
  let seen = 0;
  let more: (() => void) | undefined;
  let isClosed = false;
  socket.on("data", (piece: Buffer) => {
    text += piece.toString("latin1");
    more?.();
  });
  socket.on("close", () => {
    isClosed = true;
    more?.();
  });
  return async () => {
    socket.write("GET /things HTTP/1.1\r\nHost: gateway\r\n\r\n");
    for (;;) {
      const statuses = [...text.matchAll(/HTTP\/1\.1 ([0-9]{3}) /g)];
      const status = statuses[seen]?.[1];
      if (status !== undefined) {
        seen += 1;
        return Number(status);
      }
      if (isClosed) throw new Error(`the gateway closed the connection after ${seen} answers`);
      await new Promise<void>((resolve) => {
        more = resolve;
      });
    }
  };
}

limitTest("a gateway without file descriptors blames itself, not its backends", async () => {
  const backend = await startRawBackend(stage, (request) => {
    request.send(answer([], "hello"));
    request.end();
  });
  const gateway = await startGateway(stage, {
    health_check: { interval: "100ms", unhealthy_after: 1 },
    routes: [{ path: "/things", backends: [backend.url] }],
  });
  const next = keptConnection(gateway.port);
  expect(await next()).toBe(200);

  const pid = pidOf(gateway);
  // What the gateway closes meanwhile is free again, so the limit goes down with it.
  const statuses: number[] = [];
  while (statuses.filter((status) => status === 503).length < 5 && statuses.length < 100) {
    limitDescriptors(pid, lowestFree(pid));
    statuses.push(await next());
  }
  limitDescriptors(pid, 1_000);

  expect(statuses.filter((status) => status !== 200)).toEqual([503, 503, 503, 503, 503]);
  expect(await next()).toBe(200);
  expect(gateway.lines.matching(/is unhealthy/)).toEqual([]);
  const rows = await gateway.waitForRows(statuses.length + 2);
  const codes = rows.filter((row) => row.status_code === 503).map((row) => row.error_code);
  expect(new Set(codes)).toEqual(new Set(["overloaded"]));
  expect(await gateway.lines.waitFor(/ - 503 /)).toContain("no file descriptors left");
});

limitTest(
  "a gateway says when file descriptors run out, and when there are enough again",
  async () => {
    const gateway = await startGateway(stage, {
      health_check: { enabled: false },
      routes: [{ path: "/things", backends: ["http://127.0.0.1:9"] }],
    });
    const pid = pidOf(gateway);

    // All that it has stays open, and whatever is closed is above the limit.
    limitDescriptors(pid, 3);
    await gateway.lines.waitFor(/ERROR.*no file descriptor is left \(the limit is \d+\)/);
    limitDescriptors(pid, 1_000);
    await gateway.lines.waitFor(/INFO.*there are enough file descriptors again/);
  },
);

limitTest(
  "a reload without file descriptors keeps the configuration, and later ones go on",
  async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(answer([], "hello"));
      request.end();
    });
    const gateway = await startGateway(stage, {
      routes: [{ path: "/things", backends: [backend.url] }],
    });
    const next = keptConnection(gateway.port);
    expect(await next()).toBe(200);

    const pid = pidOf(gateway);
    limitDescriptors(pid, lowestFree(pid) + 4);
    gateway.kill("SIGHUP");
    const refusal = await gateway.lines.waitFor(/SIGHUP: /);
    expect(refusal).toContain("too few file descriptors are left to read");
    expect(refusal).toEndWith("keeping the current configuration");
    expect(await next()).toBe(200);

    limitDescriptors(pid, 1_000);
    gateway.kill("SIGHUP");
    await gateway.lines.waitFor(/SIGHUP: new configuration in force/);
    expect(await next()).toBe(200);
  },
);
