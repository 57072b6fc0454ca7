import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { GatewayError } from "../../../../../src/pipeline/errors.ts";
import { apiKey } from "../../../../../src/policies/auth/providers/api-key/api-key.ts";
import {
  bitsAtMost,
  hashOfKey,
  issuedKey,
  newKey,
} from "../../../../../src/policies/auth/providers/api-key/key-text.ts";
import { Rejection } from "../../../../../src/policies/auth/provider.ts";
import { validate } from "../../../../../src/documents/reading/validate.ts";
import { ConfigDocument } from "../../../../../src/documents/text/document.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { policyServices } from "../../../../support/policy-services.ts";
import { createStage } from "../../../../support/stage.ts";
import { openExchange, type Opening } from "../../../pipeline/opening.ts";

const stage = createStage();
const random = (bytes: Uint8Array) => void crypto.getRandomValues(bytes);
const KEY = newKey(random);
const OTHER = newKey(random);

/** The value of a provider's configuration, and what is wrong with it. */
function read(yaml: string) {
  const one = Type.Object({ it: apiKey.schema });
  const text = /^\S*\.yaml$/.test(yaml) ? `it: ${yaml}` : `it:\n${yaml.replace(/^/gm, "  ")}`;
  const { value: whole, diagnostics } = validate(one, ConfigDocument.parse("gateway.yaml", text));
  const value = whole?.it;
  const issues = value === undefined ? [] : (apiKey.check?.(value) ?? []);
  return { value, problems: [...diagnostics, ...issues].map(({ message }) => message) };
}

function providerFrom(yaml: string, clock = new FakeClock()) {
  const { value, problems } = read(yaml);
  expect(problems).toEqual([]);
  const provider = apiKey.create(value, policyServices({ clock }), "machines");
  const verdict = (opening: Opening, route = "") => {
    const exchange = openExchange(opening);
    exchange.route = route;
    return provider.authenticate(exchange);
  };
  return { provider, verdict };
}

const keys = (record: string, rest = "") =>
  `keys: { billing: { hash: "${hashOfKey(KEY)}", ${record} } }\n${rest}`;
const WITH_KEY = { fields: { "x-api-key": KEY } };

describe("a new key", () => {
  test("is recognized by its prefix and its last characters", () => {
    const all = Array.from({ length: 200 }, () => newKey(random));
    expect(new Set(all).size).toBe(200);
    for (const key of all) {
      expect(key).toMatch(/^gw_[0-9A-Za-z]{38}$/);
      expect(issuedKey(key)).toBe("right");
      const other = key.at(10) === "x" ? "y" : "x";
      expect(issuedKey(key.slice(0, 10) + other + key.slice(11))).toBe("mistyped");
    }
    expect(issuedKey("gw_short")).toBeUndefined();
  });

  test("has each character with the same chance", () => {
    const text = Array.from({ length: 2_000 }, () => newKey(random).slice(3, 35)).join("");
    const counts = [...Map.groupBy(text, (character) => character).values()].map(
      ({ length }) => length,
    );
    expect(counts).toHaveLength(62);
    // 1032 each; seven standard deviations around it.
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_260);
  });

  test("is random beyond doubt; words, numbers and repetitions are not", () => {
    expect(bitsAtMost(KEY)).toBeGreaterThan(128);
    expect(bitsAtMost(crypto.randomUUID())).toBeGreaterThan(112);
    for (const weak of ["correcthorse", "12345678901234567890", "a".repeat(64), ""]) {
      expect(bitsAtMost(weak)).toBeLessThan(112);
    }
  });
});

describe("a request with a key", () => {
  test("has the key's name and claims", () => {
    const { verdict } = providerFrom(keys("claims: { scope: a b, level: 3 }"));
    expect(verdict(WITH_KEY)).toEqual({
      subject: "billing",
      claims: { scope: "a b", level: 3 },
      challenge: undefined,
      charges: undefined,
    });
  });

  test("needs none of them on other providers' routes", () => {
    const { verdict } = providerFrom(keys(""));
    expect(verdict({})).toBeUndefined();
    expect(verdict({ fields: { "x-api-key": "" } })).toBeUndefined();
  });

  test.each([
    OTHER,
    `${KEY} `.repeat(2),
    `${KEY}, ${KEY}`,
    KEY.slice(1),
    "x".repeat(5_000),
    "\u00FF",
  ])("that nobody knows is refused: %s", (key) => {
    const { verdict } = providerFrom(keys(""));
    expect(verdict({ fields: { "x-api-key": key } })).toEqual(
      new Rejection("the API key is not valid"),
    );
  });

  test("is refused from the moment on at which it expires", () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const { verdict } = providerFrom(keys("expires: 2026-01-02"), clock);
    clock.advance(86_400_000 - 1);
    expect(verdict(WITH_KEY)).toMatchObject({ subject: "billing" });
    clock.advance(1);
    expect(verdict(WITH_KEY)).toEqual(new Rejection("the API key has expired"));
  });

  test("is forbidden on routes that it is not for", () => {
    const { verdict } = providerFrom(keys("routes: [users, GET /a]"));
    expect(verdict(WITH_KEY, "users")).toMatchObject({ subject: "billing" });
    expect(verdict(WITH_KEY, "GET /a")).toMatchObject({ subject: "billing" });
    expect(() => verdict(WITH_KEY, "orders")).toThrow(GatewayError);
    expect(() => verdict(WITH_KEY, "orders")).toThrow("this API key may not be used for");
  });

  test("takes from the key's own limit, the same one every time", () => {
    const { verdict } = providerFrom(keys("rate_limit: { rate: 5/s, burst: 7 }"));
    const charges = () => {
      const found = verdict(WITH_KEY);
      return found instanceof Object && "charges" in found ? found.charges : undefined;
    };
    const [charge] = charges() ?? [];
    expect(charge?.key).toBe("billing");
    expect(charge?.limit.size.burst).toBe(7);
    expect(charges()?.[0]).toBe(charge);
  });

  test("may have it in other places, which the backend does not see", () => {
    const { provider, verdict } = providerFrom(keys("", "from: [query:key, cookie:k, bearer]\n"));
    const fields = { authorization: `Bearer ${KEY}` };
    const url = `http://gateway.test/things?key=${KEY}&x=1`;
    expect(verdict({ url })).toMatchObject({ subject: "billing" });
    expect(verdict({ fields })).toMatchObject({ challenge: 'Bearer realm="machines"' });
    const { outgoing } = openExchange({ url, fields });
    provider.removeCredentials(outgoing, openExchange({ url }));
    expect([outgoing.query, outgoing.get("authorization")]).toEqual(["?x=1", null]);
  });

  test("gets the challenge of its scheme", () => {
    expect(providerFrom(keys("")).provider.challenge()).toBe('ApiKey realm="machines"');
    const bearer = providerFrom(keys("", "from: bearer\n"));
    expect(bearer.provider.challenge()).toBe('Bearer realm="machines"');
    expect(bearer.verdict({ fields: { authorization: "Bearer x" } })).toEqual(
      new Rejection("the API key is not valid", 'Bearer realm="machines", error="invalid_token"'),
    );
  });
});

describe("keys in a file", () => {
  function fileOf(text: string) {
    const file = join(stage.folder(), "keys.yaml");
    writeFileSync(file, text);
    return file;
  }
  const problemsOf = (text: string) => {
    const file = fileOf(text);
    return read(`file: ${file}`).problems.map((problem) => problem.replace(file, "keys.yaml"));
  };

  test.each([
    ["a mapping", `billing: ${hashOfKey(KEY)}\nshop: { hash: "${hashOfKey(OTHER)}" }\n`],
    [
      "a list",
      `- { name: billing, hash: "${hashOfKey(KEY)}" }\n- name: shop\n  hash: ${hashOfKey(OTHER)}\n`,
    ],
    [
      "hashes in other spellings",
      `billing: "SHA-256:${hashOfKey(KEY).slice(7).toUpperCase()}"\nshop: ${hashOfKey(OTHER)}`,
    ],
  ])("may be %s", (_what, text) => {
    const { verdict } = providerFrom(`file: ${fileOf(text)}`);
    expect(verdict(WITH_KEY)).toMatchObject({ subject: "billing" });
    expect(verdict({ fields: { "x-api-key": OTHER } })).toMatchObject({ subject: "shop" });
  });

  test("may be all there is", () => {
    const { verdict, provider } = providerFrom(fileOf(`billing: ${hashOfKey(KEY)}`));
    expect(verdict(WITH_KEY)).toMatchObject({ subject: "billing" });
    expect(apiKey.secrets?.("keys.yaml")?.headers).toEqual(["x-api-key"]);
    const { outgoing } = openExchange(WITH_KEY);
    provider.removeCredentials(outgoing, openExchange());
    expect(outgoing.get("x-api-key")).toBeNull();
  });

  test("may be many", () => {
    const many = Array.from(
      { length: 5_000 },
      (_, index) => `k${index}: ${hashOfKey(`key ${index}`)}\n`,
    );
    const { verdict } = providerFrom(`file: ${fileOf(many.join(""))}`);
    expect(verdict({ fields: { "x-api-key": "key 4321" } })).toMatchObject({ subject: "k4321" });
  });

  test.each([
    [
      `billing: ${KEY}`,
      "1:10: this is no hash; if it is the key itself, everyone who can read it here can use it: replace it by what `gateway key hash` prints",
    ],
    [`billing: { hash: hunter2 }`, "1:18: this is no hash; if it is the key itself"],
    ["billing: 12345", "1:10: this is no hash; if it is the key itself"],
    [
      `billing: ${hashOfKey(KEY).slice(7)}`,
      "1:10: if this is a SHA-256 in hexadecimal, write `sha256:` in front of it; if it is the key",
    ],
    ["billing: sha256:abc", "1:10: a SHA-256 has 64 hexadecimal digits; "],
    [
      "billing: sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
      "1:10: of hashes only SHA-256 is supported; ",
    ],
    ["billing: $2y$05$abc", "1:10: this is a hash for passwords; a key is random"],
    [`billing: ${hashOfKey("")}`, "1:10: this is the hash of an empty text; "],
    [
      `billing: ${hashOfKey(KEY)}\nshop: ${hashOfKey(KEY)}`,
      "2:7: this is the key of `billing` too; give each its own",
    ],
    [
      `- { name: a, hash: "${hashOfKey(KEY)}" }\n- { name: a, hash: "${hashOfKey(OTHER)}" }`,
      "2:3: there is another `a` above; ",
    ],
    [
      `${KEY}: ${hashOfKey(KEY)}`,
      "this name is a key itself; names are in the log, so choose another one",
    ],
    [
      `billing: { hash: "${hashOfKey(KEY)}", expires: tomorrow }`,
      "expected a date like 2027-01-31",
    ],
    [
      `billing: { hash: "${hashOfKey(KEY)}", expires: 2026-02-30 }`,
      "expected a date like 2027-01-31",
    ],
    [
      `billing: { hash: "${hashOfKey(KEY)}", rate_limit: 1/d0 }`,
      "expected requests per second, like 50",
    ],
    [
      `billing: { hash: "${hashOfKey(KEY)}", rate_limit: { rate: 2000000 } }`,
      "a rate must be above zero and at most a million",
    ],
    [
      `billing: { hash: "${hashOfKey(KEY)}", route: [a] }`,
      "unknown key `route`, did you mean `routes`?",
    ],
    ["billing: { expires: 2027-01-01 }", "missing key `hash`"],
    ["- hunter2", "expected a mapping, got text"],
    ["", "1:1: the file is empty; `gateway key new NAME` prints a key and its line for the file"],
  ])("have their errors reported with place and remedy: %s", (text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith("keys.yaml:");
    expect(problems[0]).toContain(problem);
    expect(problems[0]).not.toContain("hunter2");
    if (!text.startsWith("gw_")) expect(problems[0]).not.toContain(KEY);
  });

  test("or in the configuration, and in one of both", () => {
    expect(read("from: bearer").problems).toEqual([
      "the API keys are missing: write `file: keys.yaml`, or `keys` with a name and hash each",
    ]);
    expect(read(keys("", "file: keys.yaml")).problems).toEqual([
      "the API keys are in `file` or here; leave one out",
    ]);
    expect(read("file: /nowhere/keys.yaml").problems).toEqual([
      "/nowhere/keys.yaml does not exist; relative paths start at the working directory",
    ]);
    expect(read(`keys: { a: "${hashOfKey(KEY)}", b: "${hashOfKey(KEY)}" }`).problems).toEqual([
      "this is the key of `a` too; give each its own",
    ]);
  });
});

test("the names under which keys travel are known, so that none is logged", () => {
  const { value } = read(keys("", "from: [header:x-key, query:key, bearer]\n"));
  expect(apiKey.secrets?.(value)).toEqual({
    headers: ["authorization", "x-key"],
    query: ["key"],
    cookies: [],
  });
});
