import { expect, test } from "bun:test";
import { errorsIn, ROUTE } from "./loading.ts";

const MESSAGE =
  "clients are not asked for certificates: name the authorities in `server.tls.client_certificates`, like `{ ca: clients-ca.pem, required: false }`";

test.each([
  ["no TLS port", ""],
  ["a TLS port that asks for none", "server: { tls: { certificates: [] } }\n"],
])("a provider by certificates is an error with %s", (_, server) => {
  const text = `auth: { devices: { client_certificate: true } }\n${server}${ROUTE}`;
  expect(errorsIn(text).filter((one) => one.endsWith(MESSAGE))).toEqual([`1:40: ${MESSAGE}`]);
});

test("a provider by certificates is no error with a TLS port that asks for them", () => {
  const server = "server: { tls: { client_certificates: { ca: ca.pem } } }\n";
  const text = `auth: { devices: { client_certificate: true } }\n${server}${ROUTE}`;
  expect(errorsIn(text).filter((one) => one.endsWith(MESSAGE))).toEqual([]);
});

test.each([
  ["{ subjects: [device-1] }", "`device-1` is not an attribute with its value, like `CN=device-*`"],
  [
    "{ subjects: 'CN=a,X=b' }",
    "`X` is not an attribute; write its name, like CN, or its object identifier",
  ],
  [
    "{ sans: a.example.com }",
    "`a.example.com` does not say what it is; write dns:, email:, uri: or ip: before the name",
  ],
  ["{ fingerprints: 'ab:cd' }", "a SHA-256 fingerprint has 64 hexadecimal digits"],
  ["false", "expected {subjects, sans, fingerprints, issuers}, or true, got false"],
])("client_certificate: %s is an error", (written, message) => {
  const server = "server: { tls: { client_certificates: { ca: ca.pem } } }\n";
  const text = `${server}auth: { devices: { client_certificate: ${written} } }\n${ROUTE}`;
  expect(
    errorsIn(text)
      .filter((one) => one.startsWith("2:"))
      .join(),
  ).toContain(message);
});
