import { describe, expect, test } from "bun:test";
import { Answer } from "../../../../src/pipeline/answer.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { Policy } from "../../../../src/pipeline/policy.ts";
import { rateLimit } from "../../../../src/policies/limits/rate-limit.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { policyServices } from "../../../support/policy-services.ts";
import { Chain, decode, policyFrom } from "../chain.ts";

const { global, route } = rateLimit;

/** Knows everybody who says a name. */
const auth: Policy = {
  name: "auth",
  request(exchange) {
    const subject = exchange.fields.get("x-user");
    if (subject === null) throw new GatewayError("unauthorized", "who are you?");
    const team = exchange.fields.get("x-team");
    exchange.identity = { provider: "names", subject, claims: team === null ? {} : { team } };
    return undefined;
  },
};

/** A route with auth and these limits. */
function chainWith(limits: unknown, top?: unknown, clock = new FakeClock()): Chain {
  const forAll = top === undefined ? undefined : policyFrom(global, top, clock);
  const policy = policyFrom(route, limits, clock, "/api/*", forAll);
  return new Chain([policy, auth, policy?.secondPart]);
}

const user = (name: string, more: Record<string, string> = {}) => ({
  fields: { "x-user": name, ...more },
});

describe("a limit's key", () => {
  test("may be a field; requests without it share a bucket", async () => {
    const chain = chainWith({ rate: "1/h", burst: 2, key: "{header.x-tenant}" });
    expect(await chain.statuses(3, user("ada", { "x-tenant": "a" }))).toEqual([200, 200, 429]);
    expect(await chain.statuses(3, user("ada", { "x-tenant": "b" }))).toEqual([200, 200, 429]);
    expect(await chain.statuses(1, user("ada"))).toEqual([200]);
    expect(await chain.statuses(2, { client: "192.0.2.9", ...user("bob") })).toEqual([200, 429]);
  });

  test("may be who sent the request, from wherever that is", async () => {
    const chain = chainWith({ rate: "1/h", burst: 2, key: "{auth.subject}" });
    expect(await chain.statuses(1, { client: "192.0.2.1", ...user("ada") })).toEqual([200]);
    expect(await chain.statuses(2, { client: "192.0.2.2", ...user("ada") })).toEqual([200, 429]);
    expect(await chain.statuses(1, user("bob"))).toEqual([200]);
  });

  test("may be a claim, or several values, wherever one ends and the next begins", async () => {
    const byTeam = chainWith({ rate: "1/h", key: "{auth.claims.team}" });
    expect(await byTeam.statuses(1, user("ada", { "x-team": "red" }))).toEqual([200]);
    expect(await byTeam.statuses(1, user("bob", { "x-team": "red" }))).toEqual([429]);
    const both = chainWith({ rate: "1/h", key: "{auth.subject}{header.x-tenant}" });
    expect(await both.statuses(1, user("ab", { "x-tenant": "c" }))).toEqual([200]);
    expect(await both.statuses(1, user("a", { "x-tenant": "bc" }))).toEqual([200]);
    expect(await both.statuses(1, user("a", { "x-tenant": "bc" }))).toEqual([429]);
  });

  test("with a client's address among others takes an IPv6 /64 for one client", async () => {
    const chain = chainWith({ rate: "1/h", key: "{client.ip} {header.x-tenant}" });
    const sent = user("ada", { "x-tenant": "a" });
    expect(await chain.statuses(1, { client: "2001:db8::1", ...sent })).toEqual([200]);
    expect(await chain.statuses(1, { client: "2001:db8::2", ...sent })).toEqual([429]);
    expect(await chain.statuses(1, { client: "2001:db8:0:1::1", ...sent })).toEqual([200]);
  });
});

describe("several limits of a route", () => {
  const LIMITS = [
    { rate: "1/h", burst: 4, key: "client_ip" },
    { rate: "1/h", burst: 2, key: "{auth.subject}" },
    { rate: "1/h", burst: 3 },
  ];

  test("hold together, and a request that one refuses takes nothing from any", async () => {
    const chain = chainWith(LIMITS);
    expect(await chain.statuses(9, user("ada"))).toEqual([200, 200, ...Array(7).fill(429)]);
    expect(await chain.statuses(3, user("bob"))).toEqual([200, 429, 429]);
    expect(chain.asked).toHaveLength(3);
  });

  test("are all reported, by names that tell them apart", async () => {
    const chain = chainWith(LIMITS, { rate: 10 });
    const { headers } = await chain.send(user("ada"));
    expect(headers.get("ratelimit-policy")).toBe(
      '"default";q=10;w=1, "/api/*";q=4;w=14400, "/api/*#3";q=3;w=10800, "/api/*#2";q=2;w=7200',
    );
    expect(headers.get("ratelimit")).toBe(
      '"default";r=9;t=1, "/api/*";r=3;t=3600, "/api/*#3";r=2;t=3600, "/api/*#2";r=1;t=3600',
    );
  });

  test("are reported on a refusal too, which names those that refuse", async () => {
    const chain = chainWith(LIMITS);
    await chain.statuses(2, user("ada"));
    const answer = await chain.send(user("ada"));
    expect(answer.headers.get("ratelimit")).toBe(
      '"/api/*";r=2;t=3600, "/api/*#3";r=1;t=3600, "/api/*#2";r=0;t=3600',
    );
    expect(await answer.json()).toMatchObject({
      code: "rate_limited",
      "violated-policies": ["/api/*#2"],
    });
  });

  test("of which two refuse name both, and the later time", async () => {
    const chain = chainWith([
      { rate: "1/h", name: "hourly" },
      { rate: "1/m", name: "by minute" },
    ]);
    await chain.send(user("ada"));
    const answer = await chain.send(user("ada"));
    expect(answer.headers.get("retry-after")).toBe("3600");
    expect(await answer.json()).toMatchObject({ "violated-policies": ["hourly", "by minute"] });
  });

  test("need no identity to limit those who guess at one", async () => {
    const chain = chainWith(LIMITS);
    expect(await chain.statuses(4)).toEqual([401, 401, 401, 429]);
    const answer = await chain.send();
    expect(answer.headers.get("ratelimit")).toBe('"/api/*";r=1;t=3600, "/api/*#3";r=0;t=3600');
  });

  test("are reported with an answer of the backend's own", async () => {
    const clock = new FakeClock();
    const policy = policyFrom(route, LIMITS, clock, "/api/*");
    const chain = new Chain([policy, auth, policy?.secondPart], () => {
      const answer = new Answer("no", { status: 503 });
      answer.fields.set("ratelimit", '"theirs";r=1');
      return answer;
    });
    const { headers } = await chain.send(user("ada"));
    expect(headers.get("ratelimit")?.split(", ")).toHaveLength(3);
  });
});

describe("a limit that exempts networks", () => {
  const limit = { rate: "1/h", exempt: ["10.0.0.0/8", "2001:db8::/32"], key: "client_ip" };

  test("neither counts their clients nor tells them of it", async () => {
    const chain = chainWith(limit);
    const inside = { client: "10.1.2.3", ...user("ada") };
    expect(await chain.statuses(3, inside)).toEqual([200, 200, 200]);
    expect((await chain.send(inside)).headers.has("ratelimit")).toBe(false);
    expect(await chain.statuses(2, { client: "2001:db8::7", ...user("ada") })).toEqual([200, 200]);
    expect(await chain.statuses(2, { client: "192.0.2.1", ...user("ada") })).toEqual([200, 429]);
  });

  test("leaves them to the others", async () => {
    const chain = chainWith([limit, { rate: "1/h", burst: 2, name: "all" }]);
    const inside = { client: "10.1.2.3", ...user("ada") };
    expect(await chain.statuses(3, inside)).toEqual([200, 200, 429]);
  });
});

describe("a limit with a cost", () => {
  test("counts a request for that many, and reports in requests", async () => {
    const clock = new FakeClock();
    const chain = chainWith({ rate: 1, burst: 10, cost: 4 }, undefined, clock);
    const { headers } = await chain.send(user("ada"));
    expect(headers.get("ratelimit-policy")).toBe('"/api/*";q=2;w=10');
    expect(headers.get("ratelimit")).toBe('"/api/*";r=1;t=2');
    expect(await chain.statuses(2, user("ada"))).toEqual([200, 429]);
    const refused = await chain.send(user("ada"));
    expect(refused.headers.get("retry-after")).toBe("2");
    clock.advance(2000);
    expect(await chain.statuses(2, user("ada"))).toEqual([200, 429]);
  });

  test("shares its tokens with those of its name on other routes", async () => {
    const shared = new Map<string, unknown>();
    const services = policyServices({
      share: (key, make) => {
        if (!shared.has(key)) shared.set(key, make());
        return shared.get(key) as ReturnType<typeof make>;
      },
    });
    const chainOf = (cost: number, place: string) => {
      const limit = { rate: "1/h", burst: 10, key: "client_ip", name: "api", cost };
      return new Chain([route!.create(decode(route, limit), services, place)]);
    };
    const [cheap, dear] = [chainOf(1, "/cheap"), chainOf(5, "/dear")];
    expect(await dear.statuses(1)).toEqual([200]);
    expect(await cheap.statuses(1)).toEqual([200]);
    expect(await dear.statuses(1)).toEqual([429]);
    const { headers } = await cheap.send();
    expect(headers.get("ratelimit")).toBe('"api";r=3;t=3600');
    expect(await cheap.statuses(4)).toEqual([200, 200, 200, 429]);
  });
});

describe("the names of limits", () => {
  test("are their own, or made of their place, and never the same", async () => {
    const chain = chainWith(
      [{ rate: 1, name: "mine" }, 2, { rate: 3, name: "/api/*#2" }],
      [{ rate: 4 }, { rate: 5, name: "/api/*" }],
    );
    const { headers } = await chain.send(user("ada"));
    const names = headers.get("ratelimit")?.match(/"[^"]*"/g);
    expect(names).toEqual(['"default"', '"/api/*"', '"mine"', '"/api/*#2\'"', '"/api/*#2"']);
  });
});
