import { describe, expect, test } from "bun:test";
import { policyRegistry } from "../../../src/policies/registry.ts";
import type { PolicyDefinition, PolicyScope } from "../../../src/pipeline/policy.ts";
import { schemaProblems } from "../../support/schema-rules.ts";
import { Chain, policyFrom } from "./chain.ts";

const APP = "https://app.example.com";

interface Place {
  readonly name: string;
  readonly scope: PolicyScope;
}

/** The places of policies: at the top of a configuration, or in a route. */
function placesIn(place: "global" | "route"): Place[] {
  return policyRegistry.flatMap((definition: PolicyDefinition) => {
    const scope = definition[place];
    return scope === undefined ? [] : [{ name: definition.name, scope }];
  });
}

function limited(): Chain {
  const written: Record<string, unknown> = {
    cors: { allowed_origins: [APP] },
    rate_limiting: { rate: 1 },
  };
  return new Chain(
    placesIn("global")
      .filter(({ scope }) => scope.key in written)
      .map(({ scope }) => policyFrom(scope, written[scope.key])),
  );
}

describe("the policies in their order", () => {
  test("a preflight takes nothing from a limit", async () => {
    const chain = limited();
    const fields = { origin: APP, "access-control-request-method": "PUT" };
    expect(await chain.statuses(3, { method: "OPTIONS", fields })).toEqual([204, 204, 204]);
    expect(await chain.statuses(2)).toEqual([200, 429]);
  });

  test("a page can read that it was refused by a limit", async () => {
    const chain = limited();
    await chain.send();
    const answer = await chain.send({ fields: { origin: APP } });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("access-control-allow-origin")).toBe(APP);
  });
});

describe("the policies' configuration", () => {
  test.each(["global", "route"] as const)("has its own key per policy: %s", (place) => {
    const keys = placesIn(place).map(({ scope }) => scope.key);
    expect(keys).toEqual([...new Set(keys)]);
  });

  test("explains every key, and takes no unknown ones", () => {
    for (const { scope } of [...placesIn("global"), ...placesIn("route")]) {
      expect(schemaProblems(scope.key, scope.schema)).toEqual([]);
    }
  });

  test("names every kind once", () => {
    const names = policyRegistry.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});
