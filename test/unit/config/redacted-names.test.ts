import { Type } from "@sinclair/typebox";
import { expect, test } from "bun:test";
import { printed, ROUTE } from "./loading.ts";
import { redactedNames } from "../../../src/config/redacted-names.ts";
import { defineProvider } from "../../../src/policies/auth/provider.ts";

const ticket = defineProvider({
  kind: "ticket",
  schema: Type.String(),
  secrets: (name) => ({ query: [name], headers: [`x-${name}`], cookies: [name] }),
  create: () => {
    throw new Error("is not needed");
  },
});

function names(redact: { query?: string[]; headers?: string[]; except?: string[] }, auth = {}) {
  const logging = {
    database: "gateway.db",
    level: "info" as const,
    format: "text" as const,
    retention: { max_age: 0, rollups: 0, max_size: 0 },
    trace: "errors" as const,
    redact: { query: [], headers: [], except: [], ...redact },
  };
  const config = { logging, auth };
  return redactedNames(config, [ticket]);
}

test("names that are listed add to the usual ones", () => {
  const { query, fields } = names({ query: ["seat"], headers: ["x-seat"] });

  expect(query).toEqual(expect.arrayContaining(["seat", "token", "client_secret"]));
  expect(fields).toEqual(expect.arrayContaining(["x-seat", "authorization", "cookie"]));
});

test("names under which a provider's credentials travel are among them", () => {
  const { query, fields, cookies } = names(
    {},
    { box: { ticket: "stub" }, other: { nothing: true } },
  );

  expect(query).toContain("stub");
  expect(fields).toContain("x-stub");
  expect(cookies).toEqual(["stub"]);
});

test("exceptions are for usual names only, in any spelling", () => {
  const redact = { query: ["code"], except: ["Api-Key", "code", "stub"] };
  const { query } = names(redact, { box: { ticket: "stub" } });

  expect(query).not.toContain("api_key");
  expect(query).toEqual(expect.arrayContaining(["code", "stub", "token"]));
});

test.each([
  ["query: [a=b]", "`a=b` is not the name of a parameter"],
  ["headers: [a b]", "`a b` is not a field name"],
  ["except: [seat]", "`seat` is logged anyway"],
  ["except: [code], query: [seat], headers: [x-seat]", ""],
])("names that cannot be meant are found: %s", (keys, told) => {
  const found = printed(`logging: { redact: { ${keys} } }\n${ROUTE}`);
  if (told === "") expect(found).toBe("");
  else expect(found).toContain(told);
});
