import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasOpenssl, makeAuthority } from "../../support/certificates.ts";
import { errorsIn, loaded, printed, ROUTE } from "./loading.ts";

const withForward = (written: string) => `auth: { sso: { forward: ${written} } }\n${ROUTE}`;
const withKeys = (keys: string) => withForward(`{ url: "http://auth/verify", ${keys} }`);

describe("forward auth is configured", () => {
  test.each([
    "http://auth:4180/verify",
    `"https://auth.example.com/verify?app=gateway"`,
    `{ url: "http://auth/verify", timeout: 2s, send: [authorization, cookie], receive: [x-user, x-groups], cache: 10s }`,
    `{ url: "http://auth/verify", cache: { for: 10s, by: [authorization, cookie] } }`,
    `{ url: "http://auth/verify", cache: { for: 10s, by: authorization, per: credentials, max_entries: 5 }, send: authorization }`,
    `{ url: "http://auth/verify", cache: false, receive: [Remote-User, Remote-Groups], lists: remote-groups, subject: remote-user }`,
    `{ url: "http://auth/verify", cookies: [authelia_session, "_oauth2_proxy*"], max_in_flight: 200, method: HEAD }`,
  ])("by %s", (written) => {
    expect(printed(withForward(written))).toBe("");
  });

  test("from the environment", () => {
    const { routes } = loaded(withForward(`"\${AUTH_URL}"`), { AUTH_URL: "http://auth/verify" });
    expect(routes).toHaveLength(1);
  });
});

describe("an error is", () => {
  test.each([
    ["auth:4180", "`auth:4180` is not an http or https URL, like http://auth:4180/oauth2/auth"],
    [
      "ftp://auth/x",
      "`ftp://auth/x` is not an http or https URL, like http://auth:4180/oauth2/auth",
    ],
    ["http://a:b@auth/x", "a URL with a password cannot be asked; leave it out"],
    [`"http://auth/x#a"`, "a fragment is never sent; leave out the # and what follows"],
    ["true", "expected a URL, or {url, send, receive, cache, …}, got true"],
  ])("the URL %s", (written, message) => {
    expect(errorsIn(withForward(written))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ["send: [x-forwarded-for]", "`x-forwarded-for` cannot be changed"],
    ["send: [a b]", "`a b` is not a field name"],
    ["receive: [set-cookie]", "Set-Cookie always goes to the client; leave it out"],
    ["receive: [x-forwarded-for]", "`x-forwarded-for` cannot be changed"],
    ["subject: 'a b'", "`a b` is not a field name"],
    ["lists: [x-groups]", "`x-groups` is not among those of `receive`"],
    ["cookies: ['*']", "`*` is not the name of a cookie; `*` may stand at the end of one"],
    ["cookies: ['a*b']", "`a*b` is not the name of a cookie"],
    ["timeout: 2", "it needs a unit"],
    ["max_in_flight: 1000", "expected a whole number from 1 to 200"],
    [
      "cache: { for: 10s, by: [x-a] }",
      "`x-a` is not among those of `send`, so the service does not know it",
    ],
    [
      "cache: { for: 10s, by: [authorization] }",
      "`cookie` is sent and not among these: one client's admission would be another's; add it, or leave it out of `send`",
    ],
    ["tls: { ca: /nowhere.pem }", "/nowhere.pem does not exist"],
    ["tls: { ca: package.json }", "package.json has no certificate in PEM"],
    ["authResponseHeaders: [x-user]", "that is `receive`"],
    ["trustForwardHeader: true", "which proxies are trusted is `server.trusted_proxies`"],
    ["failure_mode_allow: true", "without an answer the request is refused"],
  ])("%s", (keys, message) => {
    expect(errorsIn(withKeys(keys)).join("\n")).toContain(message);
  });

  test.if(hasOpenssl)("a certificate without its key, and a key without its own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gateway-"));
    try {
      await makeAuthority(folder, "one");
      await makeAuthority(folder, "two");
      const [certificate, key, other] = ["one.pem", "one.key", "two.key"].map((name) =>
        join(folder, name),
      );
      expect(printed(withKeys(`tls: { certificate: ${certificate}, key: ${key} }`))).toBe("");
      expect(errorsIn(withKeys(`tls: { certificate: ${certificate} }`))[0]).toContain(
        "a certificate needs its private `key`",
      );
      expect(errorsIn(withKeys(`tls: { key: ${key} }`))[0]).toContain(
        "a private key needs its `certificate`",
      );
      expect(
        errorsIn(withKeys(`tls: { certificate: ${certificate}, key: ${other} }`))[0],
      ).toContain("is not the key of the certificate");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("the kinds of other gateways are answered in the words of this one", () => {
  const text = `auth: { sso: { forwardAuth: { address: "http://auth" } } }\n${ROUTE}`;
  expect(errorsIn(text).join("\n")).toContain("that is `forward`");
});
