import { expect, test } from "bun:test";
import { oidc } from "../../../../../../src/policies/auth/providers/oidc/oidc.ts";
import { Sealing } from "../../../../../../src/policies/auth/providers/oidc/sealing.ts";
import { KEY } from "./browser.ts";

const sealing = new Sealing([KEY], "one");

test("a text comes out as it went in, and looks different each time", () => {
  for (const text of ["", "a", "jörg \0 \u{1F600}", "a".repeat(20_000)]) {
    const sealed = sealing.seal(text, "session");
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(sealing.open(sealed, "session")).toBe(text);
    expect(sealing.seal(text, "session")).not.toBe(sealed);
  }
});

test("nothing of a text may be changed, left out or added", () => {
  const bytes = Buffer.from(sealing.seal("ada", "session"), "base64url");
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(sealing.open(changed.toString("base64url"), "session")).toBeUndefined();
    const cut = bytes.subarray(0, at).toString("base64url");
    expect(sealing.open(cut, "session")).toBeUndefined();
  }
  const longer = Buffer.concat([bytes, Buffer.from("a")]).toString("base64url");
  expect(sealing.open(longer, "session")).toBeUndefined();
});

test("a text is for one purpose, one context and those who have the key", () => {
  const sealed = sealing.seal("ada", "session");
  expect(sealing.open(sealed, "login")).toBeUndefined();
  expect(new Sealing([KEY], "other").open(sealed, "session")).toBeUndefined();
  expect(new Sealing([`${KEY}0`], "one").open(sealed, "session")).toBeUndefined();
  expect(new Sealing([`${KEY}0`, KEY], "one").open(sealed, "session")).toBe("ada");
  expect(() => new Sealing([], "one").seal("ada", "session")).toThrow("there is no key");
});

test("the names of the session's cookies are known, so that nothing logs them", () => {
  const { cookies, query } = oidc.secrets?.({ cookie: "session" }) ?? {};
  expect(cookies).toContain("session");
  expect(cookies).toContain("__Host-session-4");
  expect(query).toEqual(["code"]);
});
