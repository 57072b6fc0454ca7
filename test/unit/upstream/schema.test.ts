import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { upstreamSections } from "../../../src/upstream/schema.ts";

const { schema, check } = upstreamSections.backends;
const backendSchema = schema.items;
const urlProblem = (url: string) => check?.([{ url }], () => true)[0]?.message;

const read = (written: unknown) => {
  const filled = Value.Default(backendSchema, written);
  return Value.Check(backendSchema, filled) ? Value.Decode(backendSchema, filled) : "refused";
};

describe("a backend in the configuration", () => {
  test("is a URL and a weight", () => {
    const backend = { url: "http://localhost:9001", weight: 2 };
    expect(read(backend)).toEqual(backend);
  });

  test("has weight 1 when none is given", () => {
    expect(read({ url: "http://localhost:9001" })).toEqual({
      url: "http://localhost:9001",
      weight: 1,
    });
    expect(read("http://localhost:9001")).toEqual({ url: "http://localhost:9001", weight: 1 });
  });

  test.each([0, 1001, 1.5, -1, "2"])("cannot have the weight %p", (weight) => {
    expect(read({ url: "http://localhost:9001", weight })).toBe("refused");
  });

  test("cannot have unknown keys or lack its URL", () => {
    expect(read({ url: "http://localhost:9001", wait: 1 })).toBe("refused");
    expect(read({ weight: 1 })).toBe("refused");
  });

  test("is written back as it would be read", () => {
    const backend = { url: "http://localhost:9001", weight: 2 };
    expect(Value.Encode(backendSchema, backend)).toEqual(backend);
  });
});

describe("a backend's URL", () => {
  test.each([
    "http://localhost:9001",
    "https://example.com",
    "http://10.0.0.1:80/",
    "http://[::1]:9001/v1",
    "HTTP://example.com/api/@me",
    "unix:/run/app.sock",
    "unix:///run/app.sock",
    `unix:/${"a".repeat(106)}`,
  ])("%s is accepted", (url) => {
    expect(urlProblem(url)).toBeUndefined();
  });

  test.each([
    ["localhost:9001", "http:// or https://"],
    ["localhost:9001", "; write `http://localhost:9001`"],
    ["//localhost:9001", "; write `http://localhost:9001`"],
    ["3000", "; write `http://localhost:3000`"],
    ["wss://example.com", "; write `https://example.com`"],
    ["unix:app.sock", "is absolute, like unix:/run/app.sock"],
    ["UNIX:/run/app.sock", "write `unix:/run/app.sock`"],
    ["http+unix:///run/app.sock", "write `unix:/run/app.sock`"],
    ["unix:/run/", "is a folder"],
    ["unix:/run/app.sock?x=1", "cannot have ? or #"],
    [`unix:/${"a".repeat(107)}`, "at most 107 bytes"],
    ["$BACKEND", 'an environment variable is written "${BACKEND}"'],
    ["http://a, http://b", "several backends are a list"],
    ["", "http:// or https://"],
    ["ftp://localhost", "http:// or https://"],
    ["http:localhost", "http:// or https://"],
    ["http://", "needs a host"],
    ["http://:9001", "needs a host"],
    ["http:///v1", "needs a host"],
    ["http://user:secret@localhost", "user name or password"],
    ["http://@localhost", "user name or password"],
    ["http://localhost/?a=1", "query"],
    ["http://localhost?", "query"],
    ["http://localhost/#top", "fragment"],
    ["http://localhost:99999", "a port from 1 to 65535"],
    ["http://localhost:0", "a port from 1 to 65535"],
    ["http://exa<mple", "is not a host"],
    [" http://localhost", "spaces"],
    ["http:\\\\localhost", "backslashes"],
  ])("%p is refused with the reason: %s", (url, why) => {
    expect(urlProblem(url)).toContain(why);
  });
});
