import { describe, expect, test } from "bun:test";
import { errorsIn, warningsIn } from "./loading.ts";

/** Routes with these lines below them. */
const routes = (...lines: readonly string[]) =>
  `routes:\n${lines.map((line, index) => `  - { path: /${index}, respond: 200, ${line} }\n`).join("")}`;

const AUTH = 'auth: { machines: { api_key: { file: keys.yaml, from: "header:x-api-key" } } }\n';

describe("a quota by who sent a request, where nobody asks who that is", () => {
  test.each([
    `quota: { limit: 1, per: day, key: "{auth.subject}" }`,
    `quota: [{ limit: 1, per: day }, { limit: 1, per: week, key: "{auth.provider}" }]`,
    `auth: none, quota: { limit: 1, per: day, key: "{auth.claims.org}" }`,
  ])("is warned of: %s", (line) => {
    expect(warningsIn(routes(line))).toEqual([
      expect.stringContaining(
        "this counts by who sent a request, and the route `/0` has no `auth`, so its requests count as one",
      ),
    ]);
  });

  test.each([
    `quota: { limit: 1, per: day }`,
    `quota: { limit: 1, per: day, key: "{header.x-tenant}" }`,
    `quota: false`,
    `quota: { limit: 1, per: day, key: subject }`,
    `auth: machines, quota: { limit: 1, per: day, key: subject }`,
  ])("is no matter with %s", (line) => {
    expect(warningsIn(AUTH + routes(line))).toEqual([]);
  });
});

describe("quotas of one name", () => {
  test("have one limit", () => {
    const text = routes(
      "quota: { name: api, limit: 5, per: day }",
      "quota: [{ limit: 7, per: day }, { name: api, limit: 6, per: day }]",
    );
    expect(errorsIn(text)).toEqual([
      expect.stringMatching(/^3:83: another route has the limit 5 for the quota `api` per day/),
    ]);
  });

  test("may be of several periods and keys, and cost what each route says", () => {
    const text = routes(
      "quota: [{ name: api, limit: 5, per: day }, { name: api, limit: 50, per: month }]",
      "quota: [{ name: api, limit: 5, per: day, cost: 3 }, { name: api, limit: 9, per: day, key: all }]",
    );
    expect(errorsIn(text)).toEqual([]);
  });
});
