import { expect, test } from "bun:test";
import { messages, ROUTES } from "./example.ts";

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
