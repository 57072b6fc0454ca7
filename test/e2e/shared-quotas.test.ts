import { describe, expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, startGateway, type TestConfig } from "../support/gateway-process.ts";
import { hasRedis, startRedis } from "../support/redis.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

/** The period is a month, so that none ends while a test runs. */
function config(redis: string, limit: number, store: object = {}): TestConfig {
  return {
    admin: { listen: "127.0.0.1:0" },
    store: { redis, timeout: "10s", on_error: "deny", ...store },
    routes: [
      {
        path: "/a",
        respond: 200,
        quota: { name: "api", limit, per: "month", key: "{header.x-tenant}" },
      },
    ],
  };
}

async function statuses(
  gateways: readonly GatewayProcess[],
  count: number,
  tenant = "acme",
): Promise<Record<number, number>> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      ask(`${gateways[index % gateways.length]?.url}/a`, { headers: { "x-tenant": tenant } }),
    ),
  );
  const found: Record<number, number> = {};
  for (const { status } of answers) found[status] = (found[status] ?? 0) + 1;
  return found;
}

async function counts({ adminUrl }: GatewayProcess): Promise<string[]> {
  const page = (await (await ask(`${adminUrl}/admin/quotas`)).json()) as {
    complete: boolean;
    counts: { key: string; used: number; granted: number }[];
  };
  const of = page.complete ? "all" : "in memory";
  return page.counts.map(({ key, used, granted }) => `${of}: ${key} ${used} ${granted}`);
}

const change = ({ adminUrl }: GatewayProcess, content: object) =>
  ask(`${adminUrl}/admin/quotas`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key: "acme", ...content }),
  });

describe.skipIf(!hasRedis)("gateways with one store", () => {
  test("together admit exactly a quota, and show and change the same counts", async () => {
    const redis = await startRedis(stage);
    const both = config(redis.url, 100);
    const gateways = [await startGateway(stage, both), await startGateway(stage, both)] as const;
    const [one, other] = gateways;
    expect(await statuses(gateways, 250)).toEqual({ 200: 100, 429: 150 });
    expect(await statuses(gateways, 10, "globex")).toEqual({ 200: 10 });
    for (const gateway of gateways) {
      expect(await counts(gateway)).toEqual(["all: acme 100 0", "all: globex 10 0"]);
    }
    expect((await change(one, { grant: 5 })).status).toBe(200);
    expect(await statuses([other], 10)).toEqual({ 200: 5, 429: 5 });
    expect((await change(other, { reset: true })).status).toBe(200);
    expect(await counts(one)).toEqual(["all: globex 10 0", "all: acme 0 0"]);
    expect(await statuses([one], 101)).toEqual({ 200: 100, 429: 1 });
    const [key = ""] = (await redis.command("KEYS", "*quota*")) as string[];
    expect(Number(await redis.command("PTTL", key))).toBeGreaterThan(86_400_000);
  });

  test("give back what no backend could answer", async () => {
    const redis = await startRedis(stage);
    const failing: TestConfig = {
      ...config(redis.url, 2),
      routes: [
        {
          path: "/a",
          backends: ["http://127.0.0.1:1"],
          health_check: false,
          quota: { name: "api", limit: 2, per: "month", key: "{header.x-tenant}" },
        },
      ],
    };
    const gateway = await startGateway(stage, failing);
    for (let index = 0; index < 4; index += 1) {
      expect(await statuses([gateway], 1)).toEqual({ 502: 1 });
    }
    await eventually(async () => (await counts(gateway))[0] === "all: acme 0 0");
  });

  test("go on with what they know while the store is away, and add it afterwards", async () => {
    const redis = await startRedis(stage);
    const gateway = await startGateway(
      stage,
      config(redis.url, 20, { timeout: "200ms", on_error: "local" }),
    );
    expect(await statuses([gateway], 4)).toEqual({ 200: 4 });
    redis.kill("SIGSTOP");
    expect(await statuses([gateway], 3)).toEqual({ 200: 3 });
    expect(await counts(gateway)).toEqual(["in memory: acme 7 0"]);
    expect((await change(gateway, { used: 0 })).status).toBe(503);
    redis.kill("SIGCONT");
    await eventually(async () => (await counts(gateway))[0]?.startsWith("all: ") === true);
    expect(await statuses([gateway], 1)).toEqual({ 200: 1 });
    // What the store has taken without answering in time is added too: counted twice, rather than not.
    const [, , used] = (await counts(gateway))[0]?.split(/[: ]+/) ?? [];
    expect(Number(used)).toBeWithin(8, 12);
  });

  test("that has lost its counts gets them from the gateways", async () => {
    const redis = await startRedis(stage);
    const gateway = await startGateway(stage, config(redis.url, 10));
    expect(await statuses([gateway], 6)).toEqual({ 200: 6 });
    await redis.command("FLUSHALL");
    expect(await statuses([gateway], 6)).toEqual({ 200: 4, 429: 2 });
    // What the operator has set stays as it is.
    await change(gateway, { used: 9 });
    expect(await statuses([gateway], 2)).toEqual({ 200: 1, 429: 1 });
  });

  test("refuse, or admit everything, where that is what the configuration says", async () => {
    const redis = await startRedis(stage);
    redis.kill("SIGKILL");
    await redis.exited;
    const deny = await startGateway(stage, config(redis.url, 2, { timeout: "100ms" }));
    const refused = await ask(`${deny.url}/a`);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: "limits_unavailable" });
    const allow = await startGateway(
      stage,
      config(redis.url, 2, { timeout: "100ms", on_error: "allow" }),
    );
    expect(await statuses([allow], 5)).toEqual({ 200: 5 });
  });
});
