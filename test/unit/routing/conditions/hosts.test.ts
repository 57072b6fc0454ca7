import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { hosts } from "../../../../src/routing/conditions/hosts.ts";

test("hosts are read in the form in which they are compared, and written like that", () => {
  const read: unknown = Value.Decode(hosts.schema, ["API.Example.com.", "*.example.com"]);
  expect(read).toEqual(["api.example.com", "*.example.com"]);
  expect(Value.Encode(hosts.schema, read)).toEqual(["api.example.com", "*.example.com"]);
});

test("what is no host is refused", () => {
  expect(() => Value.Decode(hosts.schema, ["a b"])).toThrow();
});
