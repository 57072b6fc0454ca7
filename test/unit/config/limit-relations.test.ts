import { describe, expect, test } from "bun:test";
import { errorsIn, loaded, route, warningsIn } from "./loading.ts";

/** Two routes with these lines below them. */
const routes = (...lines: readonly string[]) =>
  `routes:\n${lines.map((line, index) => `  - { path: /${index}, backends: [http://a], ${line} }\n`).join("")}`;

const AUTH = 'auth: { machines: { api_key: { file: keys.yaml, from: "header:x-api-key" } } }\n';

describe("a limit by who sent a request, where nobody asks who that is", () => {
  const message = (name: string) =>
    `this counts by who sent a request, and the route \`${name}\` has no \`auth\`, so its requests count as one`;

  test.each([
    [`rate_limit: { rate: 1, key: "{auth.subject}" }`, `2:67: ${message("/0")}`],
    [`rate_limit: [5, { rate: 1, key: "{auth.claims.team} {path.id}" }]`, `2:71: ${message("/0")}`],
    [`auth: none, rate_limit: { rate: 1, key: "{auth.subject}" }`, `2:79: ${message("/0")}`],
    [`concurrency: { limit: 1, key: "{auth.subject}" }`, `2:69: ${message("/0")}`],
  ])("is warned of: %s", (line, expected) => {
    expect(warningsIn(routes(line))).toEqual([expected]);
  });

  test("at the top is warned of where a route has no auth", () => {
    const top = `${AUTH}rate_limiting: { rate: 1, key: "{auth.subject}" }\n`;
    expect(warningsIn(top + routes("auth: machines", "name: open"))).toEqual([
      `2:32: ${message("open")}`,
    ]);
    expect(warningsIn(top + routes("auth: machines"))).toEqual([]);
  });

  test.each([
    `auth: machines, rate_limit: { rate: 1, key: "{auth.subject}" }`,
    `rate_limit: [1, { rate: 1, key: "{header.x-key}" }, { rate: 1, key: client_ip }]`,
    `auth: machines, rate_limit: false, concurrency: 5`,
  ])("is no matter with %s", (line) => {
    expect(warningsIn(AUTH + routes(line))).toEqual([]);
  });
});

describe("limits of one name", () => {
  test("may stand on several routes, with costs of their own", () => {
    const limit = "rate: 60/m, burst: 10, key: client_ip, name: api";
    expect(
      errorsIn(
        routes(
          `rate_limit: { ${limit} }`,
          "rate_limit: { rate: 1, burst: 10, key: client_ip, name: api, cost: 5 }",
        ),
      ),
    ).toEqual([]);
  });

  test.each([
    ["rate: 2, name: api", "rate"],
    ["rate: 1, burst: 5, name: api", "burst"],
    ["rate: 1, key: client_ip, name: api", "key"],
  ])("have to be the same: %s", (other, key) => {
    expect(
      errorsIn(routes("rate_limit: { rate: 1, name: api }", `rate_limit: { ${other} }`)),
    ).toEqual([
      `3:${53 + other.indexOf("api")}: another limit called \`api\` has another \`${key}\`; limits of one name are one limit, so give this one another name, or the same \`rate\`, \`burst\` and \`key\``,
    ]);
  });

  test("count a request once", () => {
    expect(errorsIn(route("rate_limit: [{ rate: 1, name: a }, { rate: 1, name: a }]"))).toEqual([
      "4:57: two limits here are called `a`; a request counts once for each name",
    ]);
    expect(
      errorsIn(`rate_limiting: { rate: 1, name: a }\n${route("rate_limit: { rate: 1, name: a }")}`),
    ).toEqual([
      "5:34: `rate_limiting` already has a limit `a`, which counts this request too; choose another name",
    ]);
  });
});

describe("a rate limit in its older spelling", () => {
  test("is the same", () => {
    expect(loaded(route("rate_limit: { requests_per_second: 5 }")).routes[0]).toHaveProperty(
      "rate_limit.rate.perSecond",
      5,
    );
    expect(
      loaded(route("rate_limit: { requests_per_second: 5, rate: 5 }")).routes[0],
    ).toHaveProperty("rate_limit.rate.perSecond", 5);
  });

  test("contradicts the newer one", () => {
    expect(errorsIn(route("rate_limit: { requests_per_second: 5, rate: 6 }"))).toEqual([
      "4:19: `requests_per_second` is an older name of `rate`; keep one of the two",
    ]);
  });
});

describe("the limit for all routes", () => {
  test.each(["true", "50", "600/m", "{ rate: 5 }", "[50, { rate: 5, key: client_ip }]", "false"])(
    "may be %s",
    (written) => {
      expect(errorsIn(`rate_limiting: ${written}\n${route("rate_limit: 1")}`)).toEqual([]);
    },
  );

  test("counts as left out when it is empty", () => {
    expect(warningsIn(`rate_limiting:\n${route("rate_limit: 1")}`)).toEqual([
      "1:1: `rate_limiting` is empty and counts as left out; for its defaults, write `rate_limiting: true`",
    ]);
  });
});

test.each([
  ["cost: 0", "expected a whole number from 1 to 1000000, got 0"],
  [
    "cost: 3",
    "a request that counts for 3 would never be admitted by a burst of 2; lower `cost` or raise `burst`",
  ],
  [
    "exempt: 10.0.0.0/33",
    "`10.0.0.0/33` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1",
  ],
  ["when_exceeded: queue", 'expected one of `reject` or `delay`, got the text "queue"'],
  ['name: "a\\tb"', "expected printable ASCII text"],
])("a limit with %s is refused with words", (line, message) => {
  const [error = ""] = errorsIn(route(`rate_limit: { rate: 2, ${line} }`));
  expect(error).toContain(message);
});
