import { expect, test } from "bun:test";
import { formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { messages, ROUTES } from "./example.ts";

function printed(text: string): string {
  const { diagnostics } = loadConfig("gateway.yaml", text, {});
  expect(diagnostics.length).toBeGreaterThan(0);
  return formatDiagnostics(diagnostics, { color: false });
}

test.each([
  "auth: { a: { jwt: { secret: 20240917 } } }",
  "auth: { a: { jwt: { secret: { base64: 2024-09-17! } } } }",
  "auth: { a: { oidc: { issuer: https://a.test/, client_id: a, client_secret: 20240917 } } }",
  "auth: { a: { oidc: { issuer: https://a.test/, client_id: a, keys: [20240917] } } }",
  "auth: { a: { oidc: { issuer: https://a.test/, client_id: a, keys: 20240917 } } }",
  "auth: { a: { api_key: { keys: { a: 20240917 } } } }",
  "auth: { a: { basic: { users: { a: { hash: 20240917 } } } } }",
  "upstreams: { a: { backends: [http://a], sticky: { secret: 20240917 } } }",
  "upstreams: { a: { backends: [http://a], sticky: { secret: a-2024 } } }",
  "admin: { token: 20240917 }",
])("a secret of the wrong form is not quoted: %s", (written) => {
  const found = messages(`${written}\n${ROUTES}`);
  expect(found.length).toBeGreaterThan(0);
  expect(found.join("\n")).not.toContain("2024");
});

test.each([
  "auth: { a: { jwt: { secret: hunter2 } } }",
  "auth: { a: { jwt: { secret: { base64: hunter2!! } } } }",
  "auth: { a: { jwt: { secret: [hunter2] } } }",
  "auth: { a: { oidc: { issuer: https://a.test/, client_id: a, keys: [hunter2] } } }",
  "auth: { a: { oidc: { isuer: https://a.test/, client_id: a, client_secret: hunter2 } } }",
  "auth: { a: { oidc: { issuer: 'https://ada:hunter2@a.test/', client_id: a } } }",
  "auth: { a: { forward: 'http://ada:hunter2@a.test/' } }",
  "auth: { a: { api_key: { keys: { a: hunter2 } } } }",
  "auth: { a: { basic: { users: [{ name: a, hash: hunter2 }] } } }",
  "store: { redis: 'redis://ada:hunter2@a:x' }",
  "admin: { listen: nowhere, token: hunter2 }",
  "upstreams: { a: { backends: [http://a], sticky: { secret: hunter2 } } }",
  // No YAML.
  "auth: { a: { jwt: { secret: hunter2 } }",
  'admin: { token: "hunter2 }',
  "admin:\n  token: hunter2: b",
])("a line that is shown has no secret: %s", (written) => {
  const shown = printed(`${written}\n${ROUTES}`);
  expect(shown).toContain("gateway.yaml:");
  expect(shown).not.toContain("hunter2");
});

test("the place that is marked stays in its place, and variables are shown", () => {
  expect(
    printed(`auth: { a: { jwt: { secret: hunter2, typo: "\${NAME}" } } }\n${ROUTES}`),
  ).toContain(
    '    1 | auth: { a: { jwt: { secret: *******, typo: "${NAME}" } } }\n' +
      "      |                                      ^^^^",
  );
});
