import { expect, test } from "bun:test";
import { authenticatesConnection } from "../../../src/http/connection-auth.ts";

test.each([
  [["authorization", "NTLM TlRMTVNTUAABAAAA"], true],
  [["x-a", "1", "authorization", "negotiate YII="], true],
  [["authorization", "Basic x", "authorization", "NTLM x"], true],
  [["authorization", "Bearer NTLM"], false],
  [["authorization", "NTLMv9 x"], false],
  [["x-authorization", "NTLM x"], false],
  [[], false],
])("fields %p authenticate their connection: %p", (fields, expected) => {
  expect(authenticatesConnection(fields)).toBe(expected);
});
