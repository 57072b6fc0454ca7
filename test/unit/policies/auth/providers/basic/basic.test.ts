import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "../../../../../../src/documents/reading/validate.ts";
import { ConfigDocument } from "../../../../../../src/documents/text/document.ts";
import { GatewayError } from "../../../../../../src/pipeline/errors.ts";
import { basic } from "../../../../../../src/policies/auth/providers/basic/basic.ts";
import { Rejection } from "../../../../../../src/policies/auth/provider.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { createStage } from "../../../../../support/stage.ts";
import { openExchange } from "../../../../pipeline/opening.ts";

const stage = createStage();

const hashed = (password: string, cost = 4) =>
  Bun.password.hashSync(password, { algorithm: "bcrypt", cost });
/** As htpasswd writes it. */
const asApache = (hash: string) => hash.replace("$2b$", "$2y$");

const ADA = hashed("secret");
const BOB = Bun.password.hashSync("hunter2", { algorithm: "argon2id", memoryCost: 8, timeCost: 1 });

/** The value of a provider's configuration, and what is wrong with it. */
function read(yaml: string) {
  const one = Type.Object({ it: basic.schema });
  const text = /^\S*\.yaml$/.test(yaml) ? `it: ${yaml}` : `it:\n${yaml.replace(/^/gm, "  ")}`;
  const { value: whole, diagnostics } = validate(one, ConfigDocument.parse("gateway.yaml", text));
  const value = whole?.it;
  const issues = value === undefined ? [] : (basic.check?.(value) ?? []);
  return { value, problems: [...diagnostics, ...issues].map(({ message }) => message) };
}

function fileOf(text: string): string {
  const file = join(stage.folder(), "users.yaml");
  writeFileSync(file, text);
  return file;
}

function providerFrom(yaml: string) {
  const clock = new FakeClock();
  const logged: string[] = [];
  const services = policyServices({ clock, log: (_level, message) => void logged.push(message) });
  const kept = new Map<string, unknown>();
  const keep: typeof services.keep = (key, make) => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as ReturnType<typeof make>;
  };
  const create = (yaml: string) => basic.create(read(yaml).value, { ...services, keep }, "staff");
  const provider = create(yaml);
  const ask = (user: string, password: string, address = "192.0.2.1", route = "") => {
    const token = Buffer.from(`${user}:${password}`).toString("base64");
    const fields = { authorization: `Basic ${token}` };
    const exchange = openExchange({ fields, client: { address } });
    exchange.route = route;
    return { exchange, verdict: provider.authenticate(exchange) };
  };
  /** Whom the provider recognizes, or why nobody. */
  async function outcome(user: string, password: string, address?: string, route?: string) {
    try {
      const verdict = await ask(user, password, address, route).verdict;
      if (verdict instanceof Rejection) return verdict.reason;
      return verdict !== undefined && "subject" in verdict ? verdict.subject : verdict;
    } catch (error) {
      return error instanceof GatewayError ? error.code : error;
    }
  }
  return { provider, create, ask, outcome, clock, logged };
}

const USERS = `users: { ada: "${ADA}", bob: { hash: "${BOB}", claims: { role: admin } } }\n`;
const WRONG = "the user or the password is wrong";

describe("a user", () => {
  test("is recognized by name and password", async () => {
    const { ask, outcome } = providerFrom(USERS);
    expect(await outcome("ada", "secret")).toBe("ada");
    expect(await ask("bob", "hunter2").verdict).toEqual({
      subject: "bob",
      claims: { role: "admin" },
      charges: undefined,
    });
    expect(await outcome("ada", "hunter2")).toBe(WRONG);
    expect(await outcome("Ada", "secret")).toBe(WRONG);
    expect(await outcome("eve", "secret")).toBe(WRONG);
    expect(await outcome("__proto__", "secret")).toBe(WRONG);
  });

  test("is not looked for without credentials, or with those of another scheme", () => {
    const { provider } = providerFrom(USERS);
    expect(provider.authenticate(openExchange())).toBeUndefined();
    const fields = { authorization: "Bearer YTpi" };
    expect(provider.authenticate(openExchange({ fields }))).toBeUndefined();
  });

  test("gets a challenge with the realm, and UTF-8", () => {
    expect(providerFrom(USERS).provider.challenge()).toBe('Basic realm="staff", charset="UTF-8"');
    const { provider } = providerFrom(`${USERS}realm: The staff\n`);
    expect(provider.challenge()).toBe('Basic realm="The staff", charset="UTF-8"');
  });

  test("keeps the password from the backend, and nothing else", () => {
    const { provider } = providerFrom(USERS);
    const left = (authorization: string) => {
      const exchange = openExchange({ fields: { authorization } });
      provider.removeCredentials(exchange.outgoing, exchange);
      return exchange.outgoing.get("authorization");
    };
    expect(left("Basic YTpi")).toBeNull();
    expect(left("Bearer abc")).toBe("Bearer abc");
  });

  test("of any script is the same in every way of writing it", async () => {
    const { outcome } = providerFrom(`users: { "J\\u00F6rg": "${hashed("\u00E4")}" }`);
    expect(await outcome("Jo\u0308rg", "a\u0308")).toBe("Jörg");
  });

  test("may expire, and be for some routes alone", async () => {
    const record = `{ hash: "${ADA}", expires: 2026-01-01T00:00:01Z, routes: [admin] }`;
    const { outcome, clock } = providerFrom(`users: { ada: ${record} }`);
    expect(await outcome("ada", "secret", undefined, "admin")).toBe("ada");
    expect(await outcome("ada", "secret", undefined, "other")).toBe("forbidden");
    clock.advance(1_000);
    expect(await outcome("ada", "secret", undefined, "admin")).toBe("the user has expired");
    expect(await outcome("ada", "wrong", undefined, "admin")).toBe(WRONG);
  });

  test("with malformed credentials learns what is wrong with them", async () => {
    const { outcome } = providerFrom(USERS);
    expect(await outcome("", "secret")).toBe("the user or the password is empty");
    expect(await outcome("ada", "a\0b")).toBe("the credentials contain a control character");
  });

  test("is nobody if there are none", async () => {
    expect(await providerFrom("users: {}").outcome("ada", "secret")).toBe(WRONG);
  });
});

describe("a password", () => {
  test("of more than bcrypt looks at is refused, whatever its beginning", async () => {
    const long = "x".repeat(72);
    const { outcome } = providerFrom(`users: { ada: "${hashed(long)}", bob: "${BOB}" }`);
    expect(await outcome("ada", long)).toBe("ada");
    expect(await outcome("ada", `${long}y`)).toBe(WRONG);
  });

  test("may be hashed by htpasswd", async () => {
    const { outcome } = providerFrom(`users: { ada: "${asApache(ADA)}" }`);
    expect(await outcome("ada", "secret")).toBe("ada");
  });

  test("is verified once, and known for a while", async () => {
    const { ask, clock } = providerFrom(USERS);
    expect(ask("ada", "secret").verdict).toBeInstanceOf(Promise);
    await ask("ada", "secret").verdict;
    expect(ask("ada", "secret").verdict).toMatchObject({ subject: "ada" });
    clock.advance(600_000);
    expect(ask("ada", "secret").verdict).toBeInstanceOf(Promise);
  });

  test("is verified each time with `cache: 0`", async () => {
    const { ask } = providerFrom(`${USERS}cache: 0\n`);
    await ask("ada", "secret").verdict;
    expect(ask("ada", "secret").verdict).toBeInstanceOf(Promise);
  });

  test("that is wrong is known as well", async () => {
    const { ask, clock } = providerFrom(USERS);
    for (const user of ["ada", "eve"]) {
      await ask(user, "wrong").verdict;
      expect(ask(user, "wrong").verdict).toEqual(new Rejection(WRONG));
    }
    clock.advance(60_000);
    expect(ask("ada", "wrong").verdict).toBeInstanceOf(Promise);
  });

  test("is not known any more once the user's hash is another one, and others stay known", async () => {
    const file = fileOf(`ada: "${ADA}"\nbob: "${BOB}"\n`);
    const { ask, outcome, create } = providerFrom(`file: ${file}`);
    await outcome("ada", "secret");
    await outcome("bob", "hunter2");
    await outcome("eve", "later");
    writeFileSync(file, `ada: "${hashed("changed")}"\nbob: "${BOB}"\neve: "${hashed("later")}"\n`);
    create(`file: ${file}`);
    expect(ask("bob", "hunter2").verdict).toMatchObject({ subject: "bob" });
    expect(await outcome("ada", "secret")).toBe(WRONG);
    expect(await outcome("ada", "changed")).toBe("ada");
    expect(await outcome("eve", "later")).toBe("eve");
  });

  test("that many requests have at once is verified once", async () => {
    const { ask } = providerFrom(`${USERS}max_verifications: 1\nmax_waiting: 0\n`);
    const verdicts = Array.from({ length: 50 }, async () => ask("ada", "secret").verdict);
    for (const verdict of await Promise.all(verdicts)) {
      expect(verdict).toMatchObject({ subject: "ada" });
    }
  });

  test("that nobody waits for any more is not verified", async () => {
    const { ask, outcome } = providerFrom(`${USERS}max_verifications: 1\nmax_waiting: 4\n`);
    const first = ask("ada", "first");
    const second = ask("ada", "second", "192.0.2.2");
    const third = ask("ada", "third", "192.0.2.3");
    const reason = new GatewayError("client_closed", "gone");
    second.exchange.cancellation.cancel(reason);
    third.exchange.cancellation.cancel(reason);
    for (const { verdict } of [second, third]) {
      expect(await Promise.resolve(verdict).catch((error: unknown) => error)).toBe(reason);
    }
    await first.verdict;
    // It was never begun, so nothing is known of it.
    expect(ask("ada", "second").verdict).toBeInstanceOf(Promise);
    expect(await outcome("ada", "secret")).toBe("ada");
  });
});

describe("guessing", () => {
  test("is slowed down, and does not shut the user out", async () => {
    const { outcome, ask } = providerFrom(`${USERS}max_waiting: 1000\n`);
    expect(await outcome("ada", "secret", "203.0.113.5")).toBe("ada");
    const guesses: Promise<unknown>[] = [];
    for (let guess = 0; guess < 200; guess += 1) {
      guesses.push(outcome("ada", `guess ${guess}`, `198.51.100.${guess % 2}`));
    }
    const outcomes = await Promise.all(guesses);
    const failed = outcomes.filter((one) => one === WRONG).length;
    expect(failed).toBeGreaterThan(5);
    expect(failed).toBeLessThan(40);
    expect(outcomes.filter((one) => one === "rate_limited").length).toBe(200 - failed);
    // Known, from anywhere; and where the user has logged in before, with a new password too.
    expect(ask("ada", "secret", "198.51.100.1").verdict).toMatchObject({ subject: "ada" });
    expect(await outcome("ada", "mistyped", "203.0.113.5")).toBe(WRONG);
  });

  test("does not shut a user out where known credentials were used", async () => {
    const { outcome, ask, clock } = providerFrom(`${USERS}cache: 1m\n`);
    expect(await outcome("ada", "secret", "203.0.113.5")).toBe("ada");
    expect(ask("ada", "secret", "203.0.113.6").verdict).toMatchObject({ subject: "ada" });
    clock.advance(60_000);
    for (let guess = 0; guess < 60; guess += 1) {
      await outcome("ada", `guess ${guess}`, `198.51.100.${guess}`);
    }
    expect(await outcome("ada", "secret", "203.0.113.7")).toBe("rate_limited");
    expect(await outcome("ada", "secret", "203.0.113.6")).toBe("ada");
  });

  test("is told when to come back", async () => {
    const { outcome, ask, clock } = providerFrom(USERS);
    for (let guess = 0; guess < 30; guess += 1) await outcome("eve", `guess ${guess}`);
    const refusal = await Promise.resolve(ask("eve", "one more").verdict).catch(
      (error: unknown) => error as GatewayError,
    );
    expect(refusal).toMatchObject({ code: "rate_limited", fields: { "retry-after": "10" } });
    clock.advance(10_000);
    expect(await outcome("eve", "one more")).toBe(WRONG);
  });
});

describe("a file of users", () => {
  const problemsOf = (text: string) => {
    const file = fileOf(text);
    return read(`file: ${file}`).problems.map((problem) => problem.replaceAll(file, "users"));
  };
  const STRONG = hashed("secret", 10);

  test.each([
    ["YAML", `ada: "${STRONG}"\n`],
    ["a list", `- { name: ada, hash: "${STRONG}" }\n`],
    ["htpasswd", `# users\n\nada:${asApache(STRONG)}\r\nbob:${BOB}:a comment\n`],
    ["htpasswd with a byte order mark", `\uFEFFada:${STRONG}`],
  ])("may be %s", async (_what, text) => {
    expect(problemsOf(text)).toEqual([]);
    expect(await providerFrom(`file: ${fileOf(text)}`).outcome("ada", "secret")).toBe("ada");
  });

  test("may be all there is", async () => {
    const file = fileOf(`ada:${STRONG}\n`);
    expect(await providerFrom(file).outcome("ada", "secret")).toBe("ada");
    const [problem = ""] = read("/nowhere/users.yaml").problems;
    expect(problem).toStartWith("/nowhere/users.yaml does not exist");
  });

  test("with hashes that are quick to guess is warned of", () => {
    expect(problemsOf(`ada:${ADA}\n`)).toEqual([
      "the hash of `ada` is of bcrypt at a cost below 10, so passwords are soon guessed once the file is stolen; make new ones with `gateway password`",
    ]);
    expect(problemsOf(`ada: "${ADA}"\nbob: "${hashed("x")}"\n`)[0]).toStartWith("2 hashes, like");
  });

  const OTHERS: [string, string][] = [
    ["{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "a hash of SHA-1"],
    ["$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "a hash of MD5"],
    ["$6$salt$hash", "a hash of sha-crypt"],
    ["$2x$05$abc", "a hash of an early, broken form of bcrypt"],
    ["hunter2", "this is no hash; if it is the password itself"],
    ["$2y$05$abc", "this hash is damaged"],
    [STRONG.replace("$10$", "$17$"), "bcrypt at a cost of 17 takes too long for each login"],
    [STRONG.replace("$10$", "$03$"), "bcrypt at a cost of 3 does not exist"],
    [BOB.replace("m=8", "m=99999999"), "takes too much for each login"],
    [BOB.replace("m=8", "m=7"), "these parameters of argon2 do not exist"],
  ];

  test.each(OTHERS)("refuses other hashes with a remedy: %s", (hash, problem) => {
    for (const text of [`ada:${hash}\n`, `ada: "${hash}"\n`]) {
      const problems = problemsOf(text);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toStartWith(
        "users:1:5: ".replace(":5", text.includes(" ") ? ":6" : ":5"),
      );
      expect(problems[0]).toContain(problem);
      expect(problems[0]).not.toContain("hunter2");
    }
  });

  test.each([
    [`ada:${STRONG}\nada:${STRONG}\n`, "users:2:1: there is another `ada` on line 1"],
    [`ada:${STRONG}\nbob\n`, "users:2:1: expected NAME:HASH"],
    [`ada:${STRONG}\n:${STRONG}\n`, "users:2:1: the name is missing"],
    [`"a:da": "${STRONG}"\n`, "a user's name has no colon"],
    [`"J\u00F6": "${STRONG}"\n"Jo\u0308": "${STRONG}"\n`, "there is another `"],
    [`ada: { password: hunter2 }\n`, "unknown key `password`: that is `hash`"],
    [`ada: 12345\n`, "this is no hash; if it is the password itself"],
    ["", "the file is empty; `gateway password NAME` prints a user's line"],
  ])("has its errors reported with their places: %j", (text, problem) => {
    const [first = ""] = problemsOf(text);
    expect(first).toContain(problem);
    expect(first).not.toContain("hunter2");
  });

  test("of many users is read", async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `user${index}:${STRONG}\n`).join("");
    expect(await providerFrom(`file: ${fileOf(many)}`).outcome("user2999", "secret")).toBe(
      "user2999",
    );
  });
});

test("without users, or with two places for them, the configuration is invalid", () => {
  expect(read("realm: x").problems).toEqual([
    "the users are missing: write `file: users.yaml`, or `users` with a name and hash each",
  ]);
  expect(read(`${USERS}file: a.yaml`).problems).toEqual([
    "the users are in `file` or here; leave one out",
  ]);
  expect(read(`${USERS}realm: 'a "quoted" one'`).problems).toHaveLength(1);
});

test("what has the password is known, so that it is not logged", () => {
  expect(basic.secrets?.(read(USERS).value)).toEqual({ headers: ["authorization"] });
});
