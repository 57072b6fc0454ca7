import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../../src/config/load.ts";

function errors(route: string): string[] {
  const text = `routes:\n  - path: /*\n    backends: [http://a]\n${route}`;
  return loadConfig("gateway.yaml", text, {}).diagnostics.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

describe("an answer that is changed with values of its client", () => {
  test.each([
    ['headers: { set: { x-ip: "{client.ip}" } }', 5, "client.ip"],
    ['headers: { add: { x-t: [a, "{header.X-Tenant}"] } }', 5, "header.x-tenant"],
    ['json: { set: { a: [{ b: "{cookie.theme}" }] } }', 5, "cookie.theme"],
  ])("is not for a cache: %s", (change, line, placeholder) => {
    const [error, ...others] = errors(`    cache: true\n    response: { ${change} }\n`);
    expect(others).toEqual([]);
    expect(error).toStartWith(`${line}:`);
    expect(error).toContain(`\`vary_by: ["{${placeholder}}"]\``);
  });

  test.each([
    'cache: { vary_by: ["{header.x-tenant}"] }',
    "cache: { vary_by: [X-Tenant] }",
    "cache: false",
  ])("may be stored with %s", (cache) => {
    const response = 'response: { headers: { set: { x-t: "{header.x-tenant}" } } }';
    expect(errors(`    ${cache}\n    ${response}\n`)).toEqual([]);
  });

  test("may be stored if the values belong to the URL", () => {
    const response = 'response: { json: { set: { a: "{query.a} {path.rest}" } } }';
    expect(
      errors(`    cache: true\n    ${response}\n`).filter((error) => !error.includes("no `:rest`")),
    ).toEqual([]);
  });
});
