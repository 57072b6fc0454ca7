import { expect, test } from "bun:test";
import { cpuOf } from "../bench/proc.ts";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { noHealthChecks, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { hasProc, pidOf } from "../support/proc.ts";
import { answer, startRawBackend } from "../support/raw-backend.ts";
import { connectRaw, GET, type RawClient } from "../support/raw-client.ts";
import { requiresProgram } from "../support/requires.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const OK = "HTTP/1.1 200";

/** A gateway whose backend answers at once, or holds requests until `finish`. */
async function start(
  server: TestConfig["server"],
  options: { holds?: boolean; most?: number } = {},
) {
  const { holds = false, most } = options;
  const held: (() => void)[] = [];
  const backend = await startRawBackend(stage, (request) => {
    const finish = () => {
      request.send(answer([], "done"));
      request.end();
    };
    if (holds) held.push(finish);
    else finish();
  });
  const config = (changed: TestConfig["server"]): TestConfig => ({
    server: { ...server, ...changed },
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  const limited = ["prlimit", `--nofile=${most}:${most}`, await gatewayBinary()];
  const gateway = await startGateway(
    stage,
    config({}),
    most === undefined ? {} : { command: limited },
  );
  return {
    gateway,
    held,
    reload: (changed: TestConfig["server"]) => gateway.reload(config({ port: 0, ...changed })),
    open: (from?: string) => connectRaw(stage, gateway.port, from === undefined ? {} : { from }),
  };
}

async function ask(client: RawClient, times = 1): Promise<void> {
  client.send(GET);
  await client.until(OK, times);
}

test("at max_connections the connection that has been idle for longest is closed", async () => {
  const { gateway, open } = await start({ max_connections: 3 });
  const [first, second, third] = [await open(), await open(), await open()];
  await ask(second);
  await ask(first);
  await ask(third);
  await ask(first, 2);

  const fourth = await open();
  await ask(fourth);
  await second.closed;
  const fifth = await open();
  await ask(fifth);
  await third.closed;

  expect([first, fourth, fifth].map((client) => client.isOpen())).toEqual([true, true, true]);
  await ask(first, 3);
  expect(gateway.lines.matching(/3 client connections are open, as many as/)).toHaveLength(1);
});

test("while none is idle new clients wait, without load, and are served once one leaves", async () => {
  const { gateway, held, open } = await start({ max_connections: 2 }, { holds: true });
  const busy = [await open(), await open()];
  for (const client of busy) client.send(GET);
  await eventually(() => held.length === 2);

  const waiting = [await open(), await open(), await open()];
  for (const client of waiting) client.send(GET);
  const before = hasProc ? cpuOf(pidOf(gateway)) : 0;
  await Bun.sleep(500);
  // An accept loop that spins takes all of it.
  if (hasProc) expect(cpuOf(pidOf(gateway)) - before).toBeLessThan(250_000);
  expect(held).toHaveLength(2);
  expect(waiting.every((client) => client.isOpen() && client.received() === "")).toBe(true);

  for (let finished = 0; finished < 5; finished += 1) {
    await eventually(() => held.length > finished);
    held[finished]?.();
  }
  await Promise.all([...busy, ...waiting].map((client) => client.until(OK)));
  expect(gateway.lines.matching(/2 client connections are open/)).toHaveLength(1);
});

test("connections that are reset before they are accepted take no one's place", async () => {
  // Two clients leave one place: a single one that is lost would be the last, and is reported.
  const { gateway, held, open } = await start({ max_connections: 3 }, { holds: true });
  process.kill(pidOf(gateway), "SIGSTOP");
  try {
    for (const client of [await open(), await open(), await open()]) {
      client.reset();
      await client.closed;
    }
  } finally {
    process.kill(pidOf(gateway), "SIGCONT");
  }
  const clients = [await open(), await open()];
  for (const client of clients) client.send(GET);
  await eventually(() => held.length === 2);
  for (const finish of held) finish();
  await Promise.all(clients.map((client) => client.until(OK)));
  await gateway.stop();
  expect(gateway.lines.matching(/ERROR|are open, as many as/)).toEqual([]);
});

test("a client may have max_connections_per_client connections, whatever others have", async () => {
  const { gateway, open, reload } = await start({ max_connections_per_client: 2 });
  const kept = [await open("127.0.0.1"), await open("127.0.0.1")];
  for (const client of kept) await ask(client);

  const refused = await open("127.0.0.1");
  await refused.closed;
  expect(refused.received()).toBe("");
  await ask(await open("127.0.0.2"));
  await gateway.lines.waitFor(/127\.0\.0\.1 has 2 connections/);

  kept[0]?.end();
  await kept[0]?.closed;
  const next = await eventually(async () => {
    const client = await open("127.0.0.1");
    client.send(GET);
    await client.until(OK).catch(() => undefined);
    return client.isOpen() && client;
  });
  expect(next.received()).toContain("done");

  await reload({ max_connections_per_client: 0 });
  await ask(await open("127.0.0.1"));
  await reload({ max_connections_per_client: 1 });
  await (
    await open("127.0.0.1")
  ).closed;
  // Those that are open stay.
  await ask(next, 2);
});

test("other limits come into force on the same port, with nobody cut off", async () => {
  const { gateway, open, reload } = await start({ max_connections: 100 });
  const clients = await Promise.all(Array.from({ length: 4 }, () => open()));
  for (const client of clients) await ask(client);

  await reload({ max_connections: 2, keep_alive_timeout: "30s" });
  await Promise.all([clients[0]?.closed, clients[1]?.closed]);
  expect(clients.map((client) => client.isOpen())).toEqual([false, false, true, true]);
  for (const client of clients.slice(2)) await ask(client, 2);
  expect(gateway.lines.matching(/listening on/)).toHaveLength(1);
});

test("an idle connection is closed after keep_alive_timeout, one that says nothing after header_timeout", async () => {
  const { open } = await start({ keep_alive_timeout: "200ms", header_timeout: "300ms" });
  const asked = await open();
  const silent = await open();
  await ask(asked);
  await Promise.all([asked.closed, silent.closed]);
  expect(silent.received()).toBe("");
});

test.skipIf(!hasProc || !requiresProgram("prlimit", "util-linux"))(
  "with few file descriptors accepting pauses, one line says so, and it goes on when some are free",
  async () => {
    const { gateway, held, open } = await start({}, { holds: true, most: 64 });
    const clients = await Promise.all(Array.from({ length: 100 }, () => open()));
    for (const client of clients) client.send(GET);
    await gateway.lines.waitFor(
      /as many as the limit on file descriptors \(64\) leaves room for.*ulimit -n/,
    );

    for (let finished = 0; finished < clients.length; finished += 1) {
      await eventually(() => held.length > finished);
      held[finished]?.();
    }
    await Promise.all(clients.map((client) => client.until(OK)));

    expect(clients.filter((client) => client.received().includes("done"))).toHaveLength(100);
    for (const client of clients) client.end();
    await gateway.lines.waitFor(/there is room for client connections again/);
    expect(gateway.lines.matching(/as many as the limit on file descriptors/)).toHaveLength(1);
    expect(gateway.lines.matching(/no file descriptor is left/)).toEqual([]);
    expect((await gateway.waitForRows(100)).map((row) => row.status_code)).toEqual(
      Array<number>(100).fill(200),
    );
  },
);
