import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { authPolicy } from "../../../../src/policies/auth/auth.ts";
import { defineProvider } from "../../../../src/policies/auth/provider.ts";
import { IdentityLimits } from "../../../../src/policies/limits/identity-limits.ts";
import { rateLimit } from "../../../../src/policies/limits/rate-limit.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { policyServices } from "../../../support/policy-services.ts";
import { Chain, decode, policyFrom } from "../chain.ts";

/** Knows everybody who says a name; some have a limit, of two requests an hour. */
const names = (later: boolean) =>
  defineProvider({
    kind: later ? "slow_name" : "name",
    schema: Type.Object({ field: Type.String(), limited: Type.Array(Type.String()) }),
    create({ field, limited }, services, provider) {
      const limits = new IdentityLimits(services, provider);
      const limit = { rate: 1 / 3600, burst: 2 };
      const charges = new Map(
        limited.map((name) => [name, [limits.charge({ name: provider, key: name, ...limit })]]),
      );
      return {
        authenticate({ fields }) {
          const name = fields.get(field);
          if (name === null) return undefined;
          const proof = { subject: name, claims: {}, charges: charges.get(name) };
          return later ? Promise.resolve(proof) : proof;
        },
        challenge: () => "Name",
        removeCredentials: (outgoing) => outgoing.remove(field),
      };
    },
  });

const { global, route } = authPolicy([names(false), names(true)]);

const CONFIG = {
  first: { name: { field: "x-first", limited: ["ada", "bob"] } },
  second: { slow_name: { field: "x-second", limited: ["ada"] } },
};

function chainWith(limit?: unknown): Chain {
  const clock = new FakeClock();
  const services = policyServices({ clock });
  const providers = global!.create(decode(global, CONFIG), services, "default");
  const auth = route!.create(decode(route, ["first", "second"]), services, "/", providers);
  const limits = limit === undefined ? undefined : policyFrom(rateLimit.route, limit, clock, "/");
  return new Chain([limits, providers, auth, limits?.secondPart]);
}

const first = (name: string, more = {}) => ({ fields: { "x-first": name, ...more } });
const second = (name: string) => ({ fields: { "x-second": name } });

describe("a limit that an identity brings with it", () => {
  test("is its own: others have theirs, or none", async () => {
    const chain = chainWith();
    expect(await chain.statuses(3, first("ada"))).toEqual([200, 200, 429]);
    expect(await chain.statuses(3, first("bob"))).toEqual([200, 200, 429]);
    expect(await chain.statuses(3, first("cy"))).toEqual([200, 200, 200]);
  });

  test("belongs to its provider, and counts too when that answers later", async () => {
    const chain = chainWith();
    expect(await chain.statuses(3, first("ada"))).toEqual([200, 200, 429]);
    expect(await chain.statuses(3, second("ada"))).toEqual([200, 200, 429]);
  });

  test("is reported on a route without limits of its own", async () => {
    const chain = chainWith();
    const { headers } = await chain.send(first("ada"));
    expect(headers.get("ratelimit-policy")).toBe('"first";q=2;w=7200');
    expect(headers.get("ratelimit")).toBe('"first";r=1;t=3600');
    expect((await chain.send(first("cy"))).headers.has("ratelimit")).toBe(false);
  });

  test("is final: other credentials in the same request do not get it through", async () => {
    const chain = chainWith();
    await chain.statuses(2, first("ada"));
    expect(await chain.statuses(1, first("ada", { "x-second": "cy" }))).toEqual([429]);
  });

  test("gives back what limits before it took", async () => {
    const chain = chainWith({ rate: "1/h", burst: 3 });
    expect(await chain.statuses(5, first("ada"))).toEqual([200, 200, 429, 429, 429]);
    const { headers } = await chain.send(first("cy"));
    expect(headers.get("ratelimit")).toBe('"/";r=0;t=3600');
    const refused = await chain.send(first("cy"));
    expect(refused.status).toBe(429);
  });

  test("gets back what a limit after it refuses", async () => {
    const chain = chainWith([{ rate: "1/h", burst: 1, key: "{auth.subject}" }]);
    expect(await chain.statuses(1, first("ada"))).toEqual([200]);
    const refused = await chain.send(first("ada"));
    expect(refused.headers.get("ratelimit")).toBe('"first";r=1;t=3600, "/";r=0;t=3600');
  });
});
