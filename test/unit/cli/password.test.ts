import { describe, expect, test } from "bun:test";
import { password } from "../../../src/cli/password.ts";
import { hashProblem } from "../../../src/policies/auth/providers/basic/password-hash.ts";
import { FakeConsole, given, piped, refusal, typed } from "./fake-console.ts";

const CHEAP = { algorithm: "bcrypt", cost: "10" };

async function run(
  operands: readonly string[],
  input: FakeConsole["input"],
  flags: Record<string, string> = CHEAP,
) {
  const console = new FakeConsole({ input });
  const code = await password.run(given({ operands, flags }), console);
  return { code, out: console.printed, err: console.complaints };
}

describe("`password`", () => {
  test("asks twice, and prints the user's line", async () => {
    const input = typed("correct horse", "correct horse");
    const { code, out, err } = await run(["ada"], input, {});
    const [, hash = ""] = /^ada: "(\$argon2id\$v=19\$m=19456,t=2,p=1\$.*)"\n$/.exec(out) ?? [];
    expect([code, err, input.prompts]).toEqual([0, "", ["Password: ", "Again: "]]);
    expect(hashProblem(hash)).toBeUndefined();
    expect(await Bun.password.verify("correct horse", hash)).toBe(true);
  });

  test("reads it from standard input if that is no terminal, without the last line break", async () => {
    const { out } = await run([], piped("correct horse\n"));
    expect(out).toStartWith("$2b$10$");
    expect(await Bun.password.verify("correct horse", out.trim())).toBe(true);
  });

  test("prints what htpasswd does", async () => {
    const { out } = await run(["ada"], piped("correct horse"), { htpasswd: "true", cost: "10" });
    expect(out).toMatch(/^ada:\$2y\$10\$.{53}\n$/);
    expect(await Bun.password.verify("correct horse", out.trim().slice(4))).toBe(true);
  });

  test("hashes letters with accents in their one normal form", async () => {
    const { out } = await run([], piped("Jo\u0308rg the user"));
    expect(await Bun.password.verify("J\u00F6rg the user", out.trim())).toBe(true);
  });

  test("warns of a short one", async () => {
    const { code, err } = await run([], piped("short"));
    expect([code, err]).toEqual([
      0,
      "gateway: warning: a password of less than 8 characters is soon guessed\n",
    ]);
  });

  test.each([
    [typed("one", "two"), "the two are not the same"],
    [typed("one"), "no password was given"],
    [typed(), "no password was given"],
    [piped(""), "the password is empty"],
    [piped("two\nlines"), "the password has a control character or a line break"],
    [piped("a\0b"), "the password has a control character"],
    [piped("x".repeat(73)), "bcrypt looks at 72 bytes of a password"],
    [piped("x".repeat(1_025)), "a password has at most 1024 bytes"],
    [piped("x".repeat(5_000)), "a password has at most 1024 bytes"],
    [piped(new Uint8Array([0x61, 0xe9])), "the password is not in UTF-8"],
  ])("refuses what cannot be a password", async (input, message) => {
    const { code, out, err } = await run(["ada"], input);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toStartWith(`gateway: ${message}`);
  });

  test.each([
    [["a:b"], {}, "a user's name has no colon"],
    [["a\nb"], {}, "a name has 1 to 128 characters"],
    [[], { htpasswd: "true" }, "--htpasswd needs a name"],
    [["ada"], { algorithm: "md5" }, "--algorithm takes argon2id or bcrypt"],
    [["ada"], { cost: "21" }, "--cost takes a whole number from 1 to 20"],
    [["ada"], { cost: "9", algorithm: "bcrypt" }, "--cost takes a whole number from 10 to 16"],
  ])("refuses %p %p", async (operands, flags, message) => {
    const attempt = () => run(operands, piped("correct horse"), flags);
    expect(await refusal(attempt)).toStartWith(message);
  });
});
