import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask } from "../support/ask.ts";
import { hasOpenssl, issuedForAll } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import {
  type GatewayProcess,
  noHealthChecks,
  startGateway,
  type TestConfig,
} from "../support/gateway-process.ts";
import { startRawBackend } from "../support/raw-backend.ts";
import { hasRedis, startRedis } from "../support/redis.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** So slow that nothing comes back while a test runs. */
const PER_HOUR = "1/h";

/** A store that is waited for however busy the machine is, so that nobody counts for itself. */
const patient = (redis: string) => ({ redis, timeout: "10s", on_error: "deny" });

function config(store: unknown, routes: TestConfig["routes"]): TestConfig {
  return { store, health_check: noHealthChecks, routes };
}

/** Sends `count` requests from 16 clients at a time; by status, how many got it. */
async function tally(
  gateways: readonly GatewayProcess[],
  path: string,
  count: number,
  headers: Record<string, string> = {},
): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  let sent = 0;
  const send = async (): Promise<void> => {
    while (sent < count) {
      const gateway = gateways[sent % gateways.length];
      sent += 1;
      const { status } = await ask(`${gateway?.url}${path}`, { headers });
      found[status] = (found[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, send));
  return found;
}

function storeLines({ lines }: GatewayProcess): string[] {
  return lines.matching(/shared store/);
}

describe.skipIf(!hasRedis)("gateways with one store", () => {
  test("together admit exactly what a bucket holds", async () => {
    const redis = await startRedis(stage);
    const limited = config(patient(redis.url), [
      { path: "/a", respond: 200, rate_limit: { rate: PER_HOUR, burst: 500 } },
    ]);
    const gateways = [await startGateway(stage, limited), await startGateway(stage, limited)];
    expect(await tally(gateways, "/a", 1_200)).toEqual({ 200: 500, 429: 700 });
    expect(gateways.flatMap(storeLines)).toEqual([]);
  });

  test("take from all limits of a request or from none, whoever is asked", async () => {
    const redis = await startRedis(stage);
    const limited = config(patient(redis.url), [
      {
        path: "/a",
        respond: 200,
        rate_limit: [
          { rate: PER_HOUR, burst: 250, key: "{header.x-tenant}" },
          { rate: PER_HOUR, burst: 400 },
        ],
      },
    ]);
    const gateways = [await startGateway(stage, limited), await startGateway(stage, limited)];
    const of = (tenant: string) => tally(gateways, "/a", 300, { "x-tenant": tenant });
    expect(await of("a")).toEqual({ 200: 250, 429: 50 });
    expect(await of("b")).toEqual({ 200: 150, 429: 150 });
    expect(await of("c")).toEqual({ 429: 300 });
    // What the limit for all refused was not taken from b's own.
    const [gateway] = gateways;
    const refused = await ask(`${gateway?.url}/a`, { headers: { "x-tenant": "b" } });
    expect(refused.headers.get("ratelimit")).toMatch(/^"\/a";r=100;t=\d+, "\/a#2";r=0;t=\d+$/);
  });

  test("keep their counts through reloads that change how the store is used", async () => {
    const redis = await startRedis(stage);
    const limited = (timeout: string) =>
      config({ redis: redis.url, timeout, on_error: "deny" }, [
        { path: "/a", respond: 200, rate_limit: { rate: PER_HOUR, burst: 700 } },
      ]);
    const gateway = await startGateway(stage, limited("10s"));
    const asked = tally([gateway], "/a", 1_000);
    await gateway.reload(limited("9s"));
    await gateway.reload(limited("8s"));
    expect(await asked).toEqual({ 200: 700, 429: 300 });
    expect(storeLines(gateway)).toEqual([]);
  });

  test("go on exactly when the server forgets their scripts, and afresh when it forgets all", async () => {
    const redis = await startRedis(stage);
    const limited = config(patient(redis.url), [
      { path: "/a", respond: 200, rate_limit: { rate: PER_HOUR, burst: 500 } },
    ]);
    const gateway = await startGateway(stage, limited);
    const asked = tally([gateway], "/a", 600);
    for (let turn = 0; turn < 5; turn += 1) await redis.command("SCRIPT", "FLUSH");
    expect(await asked).toEqual({ 200: 500, 429: 100 });
    await redis.command("FLUSHALL");
    expect(await tally([gateway], "/a", 600)).toEqual({ 200: 500, 429: 100 });
    expect(storeLines(gateway)).toEqual([]);
  });

  test("share a limit of requests in progress", async () => {
    const redis = await startRedis(stage);
    const backend = await startRawBackend(stage);
    const limited = config(patient(redis.url), [
      { path: "/a", backends: [backend.url], concurrency: 2 },
    ]);
    const [one, other] = [await startGateway(stage, limited), await startGateway(stage, limited)];
    const held = [ask(`${one.url}/a`), ask(`${other.url}/a`)];
    const [first, second] = [await backend.next(), await backend.next()];
    for (const { url } of [one, other]) expect((await ask(`${url}/a`)).status).toBe(429);
    first.send(OK);
    await Promise.race(held);
    // The place is given back after the answer, and nobody waits for that.
    const [key = ""] = (await redis.command("KEYS", "gateway:places:*")) as string[];
    await eventually(async () => (await redis.command("ZCARD", key)) === 1);
    const next = ask(`${one.url}/a`);
    (await backend.next()).send(OK);
    expect((await next).status).toBe(200);
    second.send(OK);
    await Promise.all(held);
  });
});

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

/** What a limit of 5 does with 8 requests while the store is away. */
const WITHOUT = {
  local: { 200: 5, 429: 3 },
  allow: { 200: 8 },
  deny: { 503: 8 },
} as const;

describe.skipIf(!hasRedis).each(["local", "allow", "deny"] as const)(
  "a store that goes, with on_error: %s",
  (onError) => {
    /** A gateway with two limits of 5, one of which has been used. */
    async function opened() {
      const folder = stage.folder();
      const redis = await startRedis(stage, { folder });
      const rate_limit = { rate: PER_HOUR, burst: 5 };
      const store = { redis: redis.url, timeout: "1s", on_error: onError };
      const gateway = await startGateway(
        stage,
        config(store, [
          { path: "/a", respond: 200, rate_limit },
          { path: "/b", respond: 200, rate_limit },
        ]),
      );
      expect(await tally([gateway], "/a", 3)).toEqual({ 200: 3 });
      return { folder, redis, gateway };
    }

    test("killed: is done without, and used again when it has been started again", async () => {
      const { folder, redis, gateway } = await opened();
      redis.kill("SIGKILL");
      await redis.exited;
      expect(await tally([gateway], "/a", 8)).toEqual(WITHOUT[onError]);
      await gateway.lines.waitFor(/is away/);
      await startRedis(stage, { folder });
      await gateway.lines.waitFor(/is back after/);
      expect(await tally([gateway], "/b", 8)).toEqual({ 200: 5, 429: 3 });
      expect(storeLines(gateway)).toHaveLength(2);
    });

    test("stopped: is not waited for any more, and used again when it goes on", async () => {
      const { redis, gateway } = await opened();
      redis.kill("SIGSTOP");
      try {
        // It would never answer; so these are answered only because nothing waits for it for long.
        expect(await tally([gateway], "/a", 8)).toEqual(WITHOUT[onError]);
        await gateway.lines.waitFor(/is away: no answer within 1s/);
        if (onError === "allow") expect(await tally([gateway], "/a", 500)).toEqual({ 200: 500 });
      } finally {
        redis.kill("SIGCONT");
      }
      await gateway.lines.waitFor(/is back after/);
      expect(await tally([gateway], "/b", 8)).toEqual({ 200: 5, 429: 3 });
      expect(storeLines(gateway)).toHaveLength(2);
    });

    test("that is not there at the start is used as soon as it is", async () => {
      const folder = stage.folder();
      const store = { redis: `unix:${folder}/redis.sock`, timeout: "1s", on_error: onError };
      const route = { path: "/a", respond: 200, rate_limit: { rate: PER_HOUR, burst: 5 } };
      const gateway = await startGateway(stage, config(store, [route]));
      await gateway.lines.waitFor(/shared store unix:\S+ is away: it cannot be connected to/);
      expect(await tally([gateway], "/a", 8)).toEqual(WITHOUT[onError]);
      await startRedis(stage, { folder });
      await gateway.lines.waitFor(/is back after/);
      expect(await tally([gateway], "/a", 8)).toEqual({ 200: 5, 429: 3 });
    });
  },
);

test.skipIf(!hasRedis)(
  "no request fails when a store is killed, started and stopped in the middle of traffic",
  async () => {
    const folder = stage.folder();
    const redis = await startRedis(stage, { folder });
    const store = { redis: redis.url, timeout: "1s", on_error: "local" };
    const gateway = await startGateway(
      stage,
      config(store, [
        {
          path: "/a",
          respond: 200,
          rate_limit: { rate: 1, burst: 1_000_000 },
          concurrency: 100,
        },
      ]),
    );
    const traffic = { isOver: false };
    const statuses = new Set<number>();
    const send = async (): Promise<void> => {
      while (!traffic.isOver) statuses.add((await ask(`${gateway.url}/a`)).status);
    };
    const clients = Array.from({ length: 8 }, send);
    const back = (times: number) =>
      eventually(() => gateway.lines.matching(/is back after/).length === times);

    redis.kill("SIGKILL");
    await gateway.lines.waitFor(/is away/);
    const second = await startRedis(stage, { folder });
    await back(1);
    second.kill("SIGSTOP");
    await gateway.lines.waitFor(/is away: no answer/);
    second.kill("SIGCONT");
    await back(2);
    traffic.isOver = true;
    await Promise.all(clients);

    expect([...statuses]).toEqual([200]);
    expect(storeLines(gateway)).toHaveLength(4);
  },
);

const issued = issuedForAll("redis", "DNS:localhost");

test.skipIf(!hasRedis || !hasOpenssl)(
  "a store is spoken to over TLS, if its certificate is one to trust",
  async () => {
    const { folder } = issued;
    const port = freePort();
    const file = (name: string) => join(folder, name);
    await startRedis(stage, {
      args: `--tls-port ${port} --tls-auth-clients no --tls-cert-file ${file("redis.pem")} --tls-key-file ${file("redis.key")}`.split(
        " ",
      ),
    });
    const route = { path: "/a", respond: 200, rate_limit: { rate: PER_HOUR, burst: 5 } };
    const redis = `rediss://localhost:${port}`;
    const distrusting = await startGateway(stage, config({ redis, on_error: "deny" }, [route]));
    await distrusting.lines.waitFor(/is away: unable to verify/);
    expect(await tally([distrusting], "/a", 2)).toEqual({ 503: 2 });
    const store = { ...patient(redis), tls: { ca: file("ca.pem") } };
    const trusting = await startGateway(stage, config(store, [route]));
    expect(await tally([trusting], "/a", 6)).toEqual({ 200: 5, 429: 1 });
  },
);

/** A port that nothing listens on at the moment. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

describe.skipIf(!hasRedis)("a store that refuses", () => {
  const route = { path: "/a", respond: 200, rate_limit: { rate: PER_HOUR, burst: 5 } };

  async function refused(
    reason: RegExp,
    {
      args,
      url = (socket) => `unix:${socket}`,
    }: { args: readonly string[]; url?: (socket: string) => string },
    mend: (redis: Awaited<ReturnType<typeof startRedis>>) => Promise<unknown>,
  ): Promise<void> {
    const redis = await startRedis(stage, { args });
    const store = { redis: url(redis.socket), timeout: "10s", on_error: "deny" };
    const gateway = await startGateway(stage, config(store, [route]));
    expect(await tally([gateway], "/a", 2)).toEqual({ 503: 2 });
    await gateway.lines.waitFor(reason);
    expect(storeLines(gateway)).toHaveLength(1);
    await mend(redis);
    await gateway.lines.waitFor(/is back after/);
    expect(await tally([gateway], "/a", 6)).toEqual({ 200: 5, 429: 1 });
    expect(storeLines(gateway)).toHaveLength(2);
    expect(gateway.lines.text).not.toContain("hunter2");
  }

  test("a user with the rights that the documentation names may do all that is needed", async () => {
    const page = await Bun.file(join(import.meta.dir, "../../docs/access.md")).text();
    const rights = /The gateway's user needs `([^`]+)`/.exec(page)?.[1]?.split(" ") ?? [];
    expect(rights.length).toBeGreaterThan(5);
    const redis = await startRedis(stage, { args: ["--user", "joe", "on", ">hunter2", ...rights] });
    const store = patient(`redis+unix://joe:hunter2@localhost${redis.socket}`);
    const gateway = await startGateway(
      stage,
      config(store, [{ ...route, concurrency: 9, quota: { limit: 4, per: "day", key: "all" } }]),
    );
    expect(await tally([gateway], "/a", 6)).toEqual({ 200: 4, 429: 2 });
    expect(storeLines(gateway)).toEqual([]);
  });

  const withPassword = (socket: string): string => `redis+unix://:hunter2@localhost${socket}`;

  test("a wrong password says so, and not which", () =>
    refused(
      /is away: WRONGPASS/,
      { args: ["--requirepass", "other"], url: withPassword },
      ({ commandAs }) => commandAs("other", "CONFIG", "SET", "requirepass", "hunter2"),
    ));

  test("a missing password says so", () =>
    refused(/is away: NOAUTH/, { args: ["--requirepass", "hunter2"] }, ({ commandAs }) =>
      commandAs("hunter2", "CONFIG", "SET", "requirepass", ""),
    ));

  test("a user that may not run scripts says so", () =>
    refused(
      /is away: NOPERM/,
      {
        args: ["--user", "joe", "on", ">hunter2", "~gateway:*", "+@all", "-@scripting"],
        url: (socket) => `redis+unix://joe:hunter2@localhost${socket}`,
      },
      ({ command }) => command("ACL", "SETUSER", "joe", "+eval", "+evalsha"),
    ));

  test("a replica that takes no writes says so", () =>
    refused(/is away: READONLY/, { args: ["--replicaof", "127.0.0.1", "1"] }, ({ command }) =>
      command("REPLICAOF", "NO", "ONE"),
    ));

  test("a server without memory left says so", () =>
    refused(/is away: OOM/, { args: ["--maxmemory", "1"] }, ({ command }) =>
      command("CONFIG", "SET", "maxmemory", "0"),
    ));
});
