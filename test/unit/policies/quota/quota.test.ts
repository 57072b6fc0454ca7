import { describe, expect, test } from "bun:test";
import { Answer } from "../../../../src/pipeline/answer.ts";
import { type ErrorCode, GatewayError } from "../../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import type { PolicyServices } from "../../../../src/pipeline/policy.ts";
import { rateLimit } from "../../../../src/policies/limits/rate-limit.ts";
import { quotaPolicy } from "../../../../src/policies/quota/quota.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { policyServices } from "../../../support/policy-services.ts";
import { Chain, decode, issuesOf, policyFrom } from "../chain.ts";
import { MemoryFile } from "./memory-file.ts";

const DAY = 86_400_000;

/** Routes of one gateway, which share what they keep. */
function gateway({ clock = new FakeClock(), file = new MemoryFile() } = {}) {
  const kept = new Map<string, unknown>();
  const share: PolicyServices["share"] = (key, make) => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as ReturnType<typeof make>;
  };
  const { route } = quotaPolicy((_database, _services, onEmpty) => {
    file.onEmpty = onEmpty;
    return file;
  });
  const services = policyServices({ clock, share });
  return {
    clock,
    file,
    services,
    policy: (written: unknown, name = "/api/*") =>
      route!.create(decode(route, written), services, name),
    chain(written: unknown, name?: string, backend?: (exchange: Exchange) => Answer) {
      return new Chain([this.policy(written, name)], backend);
    },
  };
}

const { route } = quotaPolicy(() => new MemoryFile());

/** A backend that was asked, and what it answers or how that failed. */
function asked(outcome: Answer | ErrorCode) {
  return ({ attempts }: Exchange): Answer => {
    attempts.push({
      backend: "b",
      startedAt: 0,
      endedAt: 0,
      failure: undefined,
      outcome: "",
      status: 0,
    });
    if (typeof outcome === "string") throw new GatewayError(outcome, "no");
    return outcome;
  };
}

describe("a quota", () => {
  test("admits its limit in a period, and refuses the rest until the next", async () => {
    const one = gateway();
    const { clock } = one;
    const api = one.chain({ limit: 2, per: "day", key: "client_ip" });
    expect(await api.statuses(3)).toEqual([200, 200, 429]);
    expect(await api.statuses(1, { client: "192.0.2.2" })).toEqual([200]);
    clock.advance(DAY - 1);
    expect(await api.statuses(1)).toEqual([429]);
    clock.advance(1);
    expect(await api.statuses(3)).toEqual([200, 200, 429]);
  });

  test("that is used up says when the next period begins", async () => {
    const clock = new FakeClock(Date.UTC(2026, 1, 3, 12));
    const chain = gateway({ clock }).chain({ limit: 1, per: "month" });
    await chain.send();
    const answer = await chain.send();
    expect(answer.status).toBe(429);
    const seconds = (Date.UTC(2026, 2, 1) - clock.wall()) / 1000;
    expect(answer.headers.get("retry-after")).toBe(String(seconds));
    expect(await answer.json()).toMatchObject({
      code: "quota_exceeded",
      detail: "this month's quota of 1 is used up; the next month begins at 2026-03-01T00:00:00Z",
      limit: 1,
      per: "month",
      resets_at: "2026-03-01T00:00:00Z",
    });
  });

  test("is reported in the RateLimit fields, after the limits", async () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 31, 23, 59, 50));
    const { policy } = gateway({ clock });
    const limit = policyFrom(rateLimit.route, 5, clock, "/api/*");
    const chain = new Chain([limit, policy({ limit: 10, per: "month" })]);
    const { headers } = await chain.send();
    expect(headers.get("ratelimit")).toBe('"/api/*";r=4;t=1, "/api/* per month";r=9;t=10');
    expect(headers.get("ratelimit-policy")).toBe(
      '"/api/*";q=5;w=1, "/api/* per month";q=10;w=2678400',
    );
  });

  test("counts a request for what it costs, and takes nothing where that is too much", async () => {
    const chain = gateway().chain({ limit: 5, per: "day", cost: 2 });
    expect(await chain.statuses(3)).toEqual([200, 200, 429]);
    const refusal = await chain.send();
    expect(refusal.headers.get("ratelimit")).toStartWith('"/api/* per day";r=0;');
    expect(await refusal.json()).toMatchObject({
      detail: expect.stringContaining(
        "this request counts for 2, and today's quota of 5 has 1 left",
      ),
    });
  });

  test("does not count clients that are exempt", async () => {
    const chain = gateway().chain({ limit: 1, per: "day", exempt: ["192.0.2.0/24"] });
    expect(await chain.statuses(3)).toEqual([200, 200, 200]);
    expect((await chain.send()).headers.get("ratelimit")).toBeNull();
    expect(await chain.statuses(2, { client: "198.51.100.1" })).toEqual([200, 429]);
  });

  test("among several takes nothing from the others if it refuses", async () => {
    const clock = new FakeClock();
    const chain = gateway({ clock }).chain([
      { limit: 3, per: "week" },
      { limit: 2, per: "day" },
    ]);
    expect(await chain.statuses(4)).toEqual([200, 200, 429, 429]);
    clock.advance(DAY);
    expect(await chain.statuses(2)).toEqual([200, 429]);
  });

  test("of a name is one for all routes that write it, others are each route's own", async () => {
    const one = gateway();
    const shared = { limit: 3, per: "day", name: "api" };
    const [users, orders] = [
      one.chain(shared, "users"),
      one.chain({ ...shared, cost: 2 }, "orders"),
    ];
    expect(await users.statuses(1)).toEqual([200]);
    expect(await orders.statuses(2)).toEqual([200, 429]);
    const own = { limit: 1, per: "day" };
    expect(await one.chain(own, "users").statuses(2)).toEqual([200, 429]);
    expect(await one.chain(own, "orders").statuses(2)).toEqual([200, 429]);
  });

  test("whose limit a reload changes goes on counting", async () => {
    const one = gateway();
    expect(await one.chain({ limit: 2, per: "day" }).statuses(3)).toEqual([200, 200, 429]);
    expect(await one.chain({ limit: 3, per: "day" }).statuses(2)).toEqual([200, 429]);
    expect(await one.chain({ limit: 1, per: "day" }).statuses(1)).toEqual([429]);
  });

  test("counts at once what comes at the same time", async () => {
    const chain = gateway().chain({ limit: 5, per: "day" });
    const answers = await Promise.all(Array.from({ length: 20 }, () => chain.send()));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  });

  test("gives back what limits before it have taken", async () => {
    const clock = new FakeClock();
    const limit = policyFrom(rateLimit.route, { rate: 1, burst: 3 }, clock, "/api/*");
    const chain = new Chain([limit, gateway({ clock }).policy({ limit: 1, per: "day" })]);
    expect(await chain.statuses(5)).toEqual([200, 429, 429, 429, 429]);
    expect((await chain.send()).headers.get("ratelimit")).toStartWith('"/api/*";r=2;');
  });
});

describe("what counts", () => {
  async function used(backend: (exchange: Exchange) => Answer): Promise<number> {
    const chain = gateway().chain({ limit: 10, per: "day" }, "r", backend);
    const { headers } = await chain.send();
    const [, left] = /;r=([0-9]+)/.exec(headers.get("ratelimit") ?? "") ?? [];
    return 10 - Number(left);
  }

  test.each([200, 404, 500, 503])(
    "is what a backend has answered, also with %p",
    async (status) => {
      expect(await used(asked(new Answer("", { status })))).toBe(1);
    },
  );

  test("is what was answered without a backend", async () => {
    expect(await used(() => new Answer("stored"))).toBe(1);
  });

  test.each(["client_closed", "body_too_large"] as const)(
    "is what a client broke off when a backend was asked: %s",
    async (code) => {
      expect(await used(asked(code))).toBe(1);
    },
  );

  test.each([
    "backend_timeout",
    "backend_unreachable",
    "internal_error",
    "gateway_stopping",
  ] as const)("is not what failed behind the gateway or in it: %s", async (code) => {
    expect(await used(asked(code))).toBe(0);
  });

  test.each(["too_many_in_progress", "invalid_request", "overloaded", "client_closed"] as const)(
    "is not what ended before a backend was asked: %s",
    async (code) => {
      const refuse = () => {
        throw new GatewayError(code, "no");
      };
      expect(await used(refuse)).toBe(0);
    },
  );
});

describe("a quota's configuration", () => {
  test("counts each client by its identity unless it says otherwise, in UTC", () => {
    expect(decode(route, { limit: 1, per: "day" })).toEqual({
      limit: 1,
      per: "day",
      key: "subject",
      time_zone: "UTC",
      cost: 1,
    });
  });

  test.each([
    ["a limit and its period", "2/day", 2],
    ["the same in words", "3 per month", 3],
    ["a list of these", ["2/week", { limit: 1, per: "month" }], 1],
  ])("may be %s", async (_form, written, limit) => {
    const statuses = await gateway()
      .chain(written)
      .statuses(limit + 1);
    expect(statuses.filter((status) => status === 200)).toHaveLength(limit);
  });

  test("may turn off what is the default", () => {
    expect(gateway().policy(false)).toBeUndefined();
  });

  test.each([
    [{ limit: 0, per: "day" }],
    [{ limit: 1.5, per: "day" }],
    [{ limit: 1, per: "hour" }],
    [{ limit: 1 }],
    [{ limit: 1, per: "day", key: "tenant" }],
    [{ limit: 1, per: "day", key: "{header}" }],
    ["0/day"],
    ["5/hour"],
    ["5"],
    [{ limit: 1, per: "day", window: 1 }],
    [[]],
    [true],
    [1000],
  ])("cannot be %p", (written) => {
    expect(() => decode(route, written)).toThrow();
  });

  test("names a time zone that there is", () => {
    expect(issuesOf(route, { limit: 1, per: "day", time_zone: "Europe/Berln" })).toEqual([
      {
        path: ["time_zone"],
        message: "there is no time zone `Europe/Berln`; write one like Europe/Berlin, or UTC",
      },
    ]);
  });

  test("admits a request at least", () => {
    expect(issuesOf(route, { limit: 1, per: "day", cost: 2 })).toEqual([
      expect.objectContaining({ path: ["cost"] }),
    ]);
  });

  test("has no two quotas that count the same", () => {
    const day = { limit: 1, per: "day" };
    expect(issuesOf(route, [day, { ...day, limit: 2 }])).toEqual([
      expect.objectContaining({ path: [1, "per"] }),
    ]);
    expect(issuesOf(route, [day, { ...day, per: "week" }, { ...day, key: "all" }])).toEqual([]);
  });

  test("is warned about where a secret is the key", () => {
    expect(issuesOf(route, { limit: 1, per: "day", key: "{header.x-api-key}" })).toEqual([
      expect.objectContaining({ path: ["key"], severity: "warning" }),
    ]);
    expect(issuesOf(route, { limit: 1, per: "day", key: "{auth.subject}" })).toEqual([]);
  });
});
