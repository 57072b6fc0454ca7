import { describe, expect, test } from "bun:test";
import { type TSchema, TypeGuard } from "@sinclair/typebox";
import { policyRegistry } from "../../../src/policies/registry.ts";
import { Chain, policyFrom } from "./chain.ts";

const APP = "https://app.example.com";

function limited(): Chain {
  const written: Record<string, unknown> = {
    cors: { allowed_origins: [APP] },
    rate_limiting: { requests_per_second: 1 },
  };
  return new Chain(policyRegistry.map(({ global }) => policyFrom(global, written[global!.key])));
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
  const scopes = policyRegistry.flatMap(({ global, route }) =>
    [global, route].filter((scope) => scope !== undefined),
  );

  test("has one key per policy, at the top and in a route", () => {
    for (const place of ["global", "route"] as const) {
      const keys = policyRegistry.map((definition) => definition[place]?.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test("explains every key, and takes no unknown ones", () => {
    for (const { schema } of scopes) {
      expect(schema.description).toBeString();
      const forms: TSchema[] = TypeGuard.IsUnion(schema) ? schema.anyOf : [schema];
      for (const form of forms.filter((form) => TypeGuard.IsObject(form))) {
        expect(form.additionalProperties).toBe(false);
        for (const property of Object.values(form.properties)) {
          expect(property.description).toEndWith(".");
        }
      }
    }
  });
});
