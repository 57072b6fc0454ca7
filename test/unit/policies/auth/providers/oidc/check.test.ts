import { describe, expect, test } from "bun:test";
import { CLIENT_ID, CLIENT_SECRET, ISSUER } from "../../../../../support/fake-openid-provider.ts";
import { issuesOf } from "../../../chain.ts";
import { KEY, policy } from "./browser.ts";

const GOOD = { issuer: ISSUER, client_id: CLIENT_ID, client_secret: CLIENT_SECRET };

function complaints(options: Record<string, unknown>): string[] {
  return issuesOf(policy.global, { login: { oidc: { ...GOOD, ...options } } }).map(
    ({ path, message, severity = "error" }) => `${severity} ${path.slice(2).join(".")}: ${message}`,
  );
}

describe("the configuration of a login", () => {
  test.each<[string, Record<string, unknown>]>([
    ["as the issuer gives it", {}],
    ["with keys", { client_secret: undefined, keys: [KEY] }],
    ["with an issuer on this machine", { issuer: "http://127.0.0.1:8080/realms/a" }],
    ["with addresses", { external_url: ["https://a.test", "http://b.test:8080/"] }],
    ["with parameters", { authorization_parameters: { prompt: "login", max_age: "60" } }],
    ["with a page to end at", { after_logout: "https://www.example.com/?a=1" }],
    ["with an access token for backends", { access_token_header: "X-Access-Token" }],
    ["without an end for those who do nothing", { idle_timeout: 0 }],
  ])("is good %s", (_how, options) => {
    expect(complaints(options)).toEqual([]);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ issuer: "login.example.com" }, "error issuer: this is not an https URL, "],
    [{ issuer: "ftp://login.example.com" }, "error issuer: this is not an https URL, "],
    [{ issuer: "https://a.test/?b" }, "error issuer: an issuer's URL has no query, "],
    [{ issuer: "https://a:b@a.test/" }, "error issuer: an issuer's URL has no query, "],
    [
      { issuer: "https://a.test/.well-known/openid-configuration" },
      "error issuer: write the URL without /.well-known/",
    ],
    [{ issuer: "http://a.test" }, "warning issuer: the issuer is asked without TLS: "],
    [{ ca: "no-such-file.pem" }, "error ca: no-such-file.pem does not exist"],
    [{ ca: "package.json" }, "error ca: package.json has no certificate in PEM"],
    [{ client_secret: "short" }, "warning : there are no `keys`, so sessions end at a restart"],
    [{ client_secret: undefined }, "warning : there are no `keys`, so sessions end at a restart"],
    [{ keys: ["short"] }, "error keys.0: a key is at least 32 random characters; "],
    [{ keys: [KEY, "ab".repeat(20)] }, "error keys.1: a key is at least 32 random characters; "],
    [{ external_url: ["app.test"] }, "error external_url.0: this is not an address like "],
    [
      { external_url: ["https://app.test/sub"] },
      "error external_url.0: only scheme, host and port count; write https://app.test",
    ],
    [{ callback_path: "/a/../b" }, "error callback_path: a path without empty segments"],
    [{ logout_path: "//a" }, "error logout_path: a path without empty segments"],
    [{ logout_path: "/oauth2/callback" }, "error logout_path: this is `callback_path`; "],
    [{ after_logout: "//evil.test" }, "error after_logout: this is neither a path, "],
    [{ after_logout: "javascript:alert(1)" }, "error after_logout: this is neither a path, "],
    [{ scopes: ["email"] }, "error scopes: `openid` must be among the scopes"],
    [
      { cookie: "__Host-session" },
      "error cookie: the prefix comes by itself over https; write session",
    ],
    [
      { authorization_parameters: { state: "a" } },
      "error authorization_parameters.state: the gateway sets `state` itself",
    ],
    [
      { authorization_parameters: { max_age: "1h" } },
      "error authorization_parameters.max_age: this is a number of seconds",
    ],
    [{ max_age: "10ms" }, "error max_age: `max_age` is at least 1s"],
    [{ timeout: 0 }, "error timeout: `timeout` is at least 1s"],
    [{ idle_timeout: "1s" }, "error idle_timeout: `idle_timeout` is at least 10s, or 0"],
    [{ access_token_header: "host" }, "error access_token_header: "],
    [
      { client_secret: undefined, keys: [KEY], client_authentication: "post" },
      "error client_authentication: without `client_secret` there is nothing to authenticate with",
    ],
  ])("is not %j", (options, complaint) => {
    expect(complaints(options)).toEqual([expect.stringContaining(complaint)]);
  });

  test("is not shared by two providers as far as they would disturb each other", () => {
    const two = { login: { oidc: GOOD }, staff: { oidc: { ...GOOD, logout_path: "/bye" } } };
    expect(issuesOf(policy.global, two)).toEqual([
      {
        path: ["staff", "oidc", "cookie"],
        message: "`login` has `cookie: gateway_session` as well; give `staff` another one",
      },
      {
        path: ["staff", "oidc", "callback_path"],
        message: "`login` has `callback_path: /oauth2/callback` as well; give `staff` another one",
      },
    ]);
  });
});
