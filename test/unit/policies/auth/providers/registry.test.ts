import { describe, expect, test } from "bun:test";
import { providerRegistry } from "../../../../../src/policies/auth/providers/registry.ts";
import { schemaProblems } from "../../../../support/schema-rules.ts";

test("every kind of auth provider has its own name, and none is called like an option", () => {
  const kinds = providerRegistry.map(({ kind }) => kind);
  expect(kinds).toEqual([...new Set(kinds)]);
  expect(kinds).not.toContain("pass_credentials");
});

describe.each(providerRegistry)("the auth provider $kind", ({ kind, schema }) => {
  test("explains every key, and takes no unknown ones", () => {
    expect(schemaProblems(kind, schema)).toEqual([]);
  });
});
