import { expect, test } from "bun:test";
import { acmeSettings } from "../../../../src/server/acme/settings.ts";
import { loaded, ROUTE } from "../../config/loading.ts";

const settings = (server: string, rest = "") =>
  acmeSettings(loaded(`server: ${server}\n${rest}${ROUTE}`));

test("without an issuer there are no settings", () => {
  expect(settings("{ port: 8080 }")).toBeUndefined();
});

test("names are in lower case and each is there once, and certificates lie next to the database", () => {
  const tls = "tls: { acme: { domains: [API.example.com, api.example.com, www.example.com] } }";
  expect(settings(`{ ${tls} }`, "logging: { database: /tmp/gateway.db }\n")).toEqual({
    domains: ["api.example.com", "www.example.com"],
    email: undefined,
    directory: "https://acme-v02.api.letsencrypt.org/directory",
    storage: "/tmp/acme",
    challenges: ["http-01", "tls-alpn-01"],
  });
});

test("without a plain port TLS-ALPN-01 is the only challenge", () => {
  const tls = "tls: { acme: { domains: [api.example.com], email: a@b.example, storage: /tmp/a } }";
  expect(settings(`{ port: off, ${tls} }`)).toMatchObject({
    email: "a@b.example",
    storage: "/tmp/a",
    challenges: ["tls-alpn-01"],
  });
});
