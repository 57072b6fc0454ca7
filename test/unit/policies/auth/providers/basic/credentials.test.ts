import { describe, expect, test } from "bun:test";
import {
  basicToken,
  readCredentials,
} from "../../../../../../src/policies/auth/providers/basic/credentials.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

describe("credentials", () => {
  test.each([
    ["ada:secret", "ada", "secret"],
    ["ada:a:b:c", "ada", "a:b:c"],
    ["ada: x ", "ada", " x "],
    ["jörg:pässwörd€", "jörg", "pässwörd€"],
    // RFC 7617 section 2.1.
    ["test:123£", "test", "123£"],
    ["Jo\u0308rg:o\u0308", "Jörg", "ö"],
    ["\uFEFFada:x", "\uFEFFada", "x"],
  ])("%j are read", (text, user, password) => {
    expect(readCredentials(encoded(text))).toEqual({ user, password });
  });

  test.each([
    [encoded("ada"), "no colon"],
    [encoded(":secret"), "is empty"],
    [encoded("ada:"), "is empty"],
    [encoded("a\0da:secret"), "control character"],
    [encoded("ada:sec\nret"), "control character"],
    [encoded("ada:sec\u0085ret"), "control character"],
    [Buffer.from([0x61, 0x3a, 0xe9]).toString("base64"), "not in UTF-8"],
    [Buffer.from([0x61, 0x3a, 0xed, 0xa0, 0x80]).toString("base64"), "not in UTF-8"],
    ["", "not Base64"],
    ["a", "not Base64"],
    ["YTpi!", "not Base64"],
    ["YTpi, YTpi", "not Base64"],
    ["YT pi", "not Base64"],
    [encoded(`ada:${"x".repeat(1_025)}`), "too long"],
    [encoded(`ada:${"x".repeat(100_000)}`), "too long"],
  ])("%j are refused with the reason", (token, reason) => {
    expect(readCredentials(token)).toContain(reason);
  });

  test.each([
    ["Basic YTpi", "YTpi"],
    ["bAsIc   YTpi ", "YTpi"],
    ["Basic ", ""],
    ["Bearer YTpi", undefined],
    ["BasicYTpi", undefined],
    ["Basic", undefined],
    ["", undefined],
    [null, undefined],
  ])("are those of the scheme Basic: %j", (field, token) => {
    expect(basicToken(field)).toBe(token);
  });
});
