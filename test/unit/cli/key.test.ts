import { describe, expect, test } from "bun:test";
import { key } from "../../../src/cli/key.ts";
import { hashOfKey, issuedKey } from "../../../src/policies/auth/providers/api-key/key-text.ts";
import { FakeConsole, given, piped, refusal, typed } from "./fake-console.ts";

const UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

async function run(
  operands: readonly string[],
  {
    flags = {},
    input = piped(""),
  }: { flags?: Record<string, string>; input?: FakeConsole["input"] } = {},
) {
  const console = new FakeConsole({ input });
  const code = await key.run(given({ operands, flags }), console);
  return { code, out: console.printed, err: console.complaints };
}

describe("`key new`", () => {
  test("prints a key, and apart from it the line with its hash", async () => {
    const { code, out } = await run(["new", "billing"]);
    const [, made = "", hash = ""] =
      /^The key, which is shown only now\. It is for its owner:\n\n {2}(\S+)\n\nIts line for the file of keys, which needs only the hash:\n\n {2}billing: "(sha256:[0-9a-f]{64})"\n$/.exec(
        out,
      ) ?? [];
    expect(code).toBe(0);
    expect(issuedKey(made)).toBe("right");
    expect(hash).toBe(hashOfKey(made));
  });

  test("prints the same as JSON for programs", async () => {
    const { out } = await run(["new", "billing"], { flags: { json: "true", expires: "90d" } });
    const printed = JSON.parse(out) as Record<string, string>;
    expect(printed).toEqual({
      name: "billing",
      key: expect.stringMatching(/^gw_/),
      hash: hashOfKey(printed["key"] ?? ""),
      expires: "2026-04-01T00:00:00Z",
      line: `billing: { hash: "${printed["hash"]}", expires: 2026-04-01T00:00:00Z }`,
    });
  });

  test.each([
    ["2026-02-01", "2026-02-01"],
    ["2026-02-01T18:00:00+02:00", "2026-02-01T16:00:00Z"],
    ["1h", "2026-01-01T01:00:00Z"],
  ])("takes --expires %s", async (written, expires) => {
    const { out } = await run(["new", "a"], { flags: { expires: written } });
    expect(out).toContain(`, expires: ${expires} }`);
  });

  test("makes a name up where there is none, and quotes what YAML would misread", async () => {
    expect((await run(["new"])).out).toMatch(/\n {2}key-[0-9a-f]{6}: "sha256/);
    expect((await run(["new", "no"])).out).toContain('\n  "no": "sha256');
    expect((await run(["new", "Ada's: key"])).out).toContain('\n  "Ada\'s: key": "sha256');
  });

  test.each([
    [
      { expires: "tomorrow" },
      "--expires takes a duration like 90d, a date like 2027-01-31 or a time",
    ],
    [{ expires: "2025-12-31" }, "--expires 2025-12-31 is in the past"],
    [{ expires: "0" }, "--expires 0 is in the past"],
    [{ weak: "true" }, "--weak belongs to `key hash`"],
  ])("refuses %p", async (flags, message) => {
    expect(await refusal(() => run(["new", "a"], { flags }))).toStartWith(message);
  });

  test("refuses names that no file takes", async () => {
    for (const name of ["", " a", "a\nb", "x".repeat(129)]) {
      expect(await refusal(() => run(["new", name]))).toStartWith("a name has 1 to 128");
    }
  });
});

describe("`key hash`", () => {
  test("prints the line of a key that is piped or typed, or its hash alone", async () => {
    const hash = hashOfKey(UUID);
    for (const text of [UUID, `${UUID}\n`, `${UUID}\r\n`]) {
      expect(await run(["hash", "shop"], { input: piped(text) })).toEqual({
        code: 0,
        out: `shop: "${hash}"\n`,
        err: "",
      });
    }
    const input = typed(UUID);
    expect((await run(["hash"], { input })).out).toBe(`${hash}\n`);
    expect(input.prompts).toEqual(["Key: "]);
    const json = await run(["hash"], { input: piped(UUID), flags: { json: "true" } });
    expect(JSON.parse(json.out)).toEqual({ hash });
  });

  test.each([
    ["", "the key is empty"],
    ["\n", "the key is empty"],
    [`${UUID}\n${UUID}\n`, "the key has a line break"],
    [`${UUID} ${UUID}`, "the key has blanks"],
    ["sch\u00F6ner Schl\u00FCssel", "the key has blanks"],
    ["hunter2", "this key is too short or too simple"],
    ["a".repeat(64), "this key is too short or too simple"],
    ["x".repeat(2_000), "a key has at most 1024 characters"],
    [
      "gw_00000000000000000000000000000000000001",
      "this looks like a key from `gateway key new`, but",
    ],
  ])("refuses %j", async (text, message) => {
    const { code, out, err } = await run(["hash", "shop"], { input: piped(text) });
    expect([code, out]).toEqual([1, ""]);
    expect(err).toStartWith(`gateway: ${message}`);
    expect(err).not.toContain("hunter2");
  });

  test("takes a weak key if that is wanted", async () => {
    const { out } = await run(["hash"], { input: piped("hunter2"), flags: { weak: "true" } });
    expect(out).toBe(`${hashOfKey("hunter2")}\n`);
  });

  test("ends when nobody types one", async () => {
    expect(await run(["hash"], { input: typed() })).toMatchObject({
      code: 1,
      err: "gateway: no key was given\n",
    });
  });
});

test("`key` does one of two things", async () => {
  expect(await refusal(() => run([]))).toBe("`key` takes `new` or `hash`");
  expect(await refusal(() => run(["nwe", "a"]))).toBe(
    "`key` takes `new` or `hash`, not nwe, did you mean new?",
  );
});
