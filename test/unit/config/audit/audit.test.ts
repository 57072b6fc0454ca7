import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { auditConfig, type Risk } from "../../../../src/config/audit/audit.ts";
import { hasOpenssl, issuedForAll } from "../../../support/certificates.ts";
import { auditRules } from "../../../../src/config/audit/rules/registry.ts";

const HOST =
  "server: { host: 127.0.0.1, trusted_proxies: [127.0.0.1] }\nadmin: { main_port: off }\n";
const ROUTES = `routes: [{ path: /a/*, backends: ["http://127.0.0.1:9001"] }]\n`;

interface Given {
  readonly environment?: Record<string, string>;
  readonly modes?: Record<string, number>;
  readonly ignored?: readonly string[];
}

function risksOf(
  text: string,
  { environment = {}, modes = {}, ignored = [] }: Given = {},
): readonly Risk[] {
  const { risks, diagnostics } = auditConfig("gateway.yaml", text, {
    environment,
    modeOf: (file) => modes[file] ?? 0o600,
    ignored: new Set(ignored),
  });
  if (risks === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return risks;
}

/** "rule severity line:column" of each. */
function found(text: string, given: Given = {}): string[] {
  return risksOf(text, given).map(
    ({ rule, severity, diagnostic: { line, column } }) => `${rule} ${severity} ${line}:${column}`,
  );
}

const auth = (provider: string, route = "{}") =>
  `auth: { p: ${provider} }\nroutes: [{ path: /a/*, backends: ["http://127.0.0.1:9001"], auth: p, ${route.slice(1, -1)} }]\n`;

/** A route with auth, to be gone on with. */
const GUARD = `auth: { p: { forward: "http://127.0.0.1:4180/" } }\nroutes: [{ path: /a/*, backends: ["http://127.0.0.1:9001"], auth: p`;

test("a careful configuration has no risks", () => {
  const text = `${HOST}rate_limiting: { rate: 100, key: client_ip }\n${auth(
    "{ jwt: { jwks: https://issuer/jwks, issuer: https://issuer/, audience: api } }",
  )}`;
  expect(found(text)).toEqual([]);
});

/** What is risky, the configuration, and what is found there and elsewhere. */
const cases: [what: string, text: string, expected: string[], given?: Given][] = [
  [
    "admin's token on the network",
    `admin: { listen: "0.0.0.0:9090", token: "\${T}" }\n${ROUTES}`,
    ["admin-in-the-clear high 1:18"],
    { environment: { T: "x".repeat(32) } },
  ],
  [
    "admin's token on a port without TLS",
    `admin: { token: "\${T}", main_port: token }\n${ROUTES}`,
    ["admin-in-the-clear medium 1:36"],
    { environment: { T: "x".repeat(32) } },
  ],
  [
    "a short token",
    `${HOST.replace("admin: { ", 'admin: { token: "${T}", ')}${ROUTES}`,
    ["admin-token-short medium 2:17"],
    { environment: { T: "short" } },
  ],
  [
    "admin for programs on this machine, where a proxy is one",
    `server: { host: 127.0.0.1 }\n${ROUTES}`,
    ["admin-behind-proxy medium 1:1"],
  ],
  ["no TLS, and no limits", ROUTES, ["no-tls low 1:1", "no-limits medium 1:1"]],
  [
    "passwords without TLS",
    auth(
      "{ basic: { users: { ada: { hash: '$argon2id$v=19$m=19456,t=2,p=1$WnsyKtfl1B5NeLPUlGS+jIOYuRFhe3noklGNrh1NxLg$JkX0kEKnPclWro1KNCZuzujJukbtRJTuzZozxqdGZ+E' } } } }",
    ),
    ["basic-over-http high 1:14"],
  ],
  [
    "tokens without TLS",
    auth("{ jwt: { jwks: https://i/j, issuer: https://i/, audience: a } }"),
    ["credentials-over-http medium 1:14"],
  ],
  [
    "sessions without TLS",
    auth("{ oidc: { issuer: https://i/, client_id: g, client_secret: '${S}' } }"),
    ["session-over-http high 1:14"],
    { environment: { S: "x".repeat(40) } },
  ],
  [
    "trust in everyone",
    `server: { host: 127.0.0.1, trusted_proxies: [127.0.0.1, 0.0.0.0/0, 10.0.0.0/7, "::/0"] }\nadmin: { main_port: off }\n${ROUTES}`,
    ["trusts-everyone high 1:57", "trusts-everyone medium 1:68", "trusts-everyone high 1:80"],
  ],
  [
    "certificates that are not verified",
    `${HOST}routes: [{ path: /a, backends: ["https://b"], tls: { insecure_skip_verify: true } }]`,
    ["tls-not-verified high 3:76"],
  ],
  [
    "credentials for pages of many origins",
    `${HOST}cors: { allowed_origins: ["https://*.a.com", "https://b.com"], allow_credentials: true }\n${ROUTES}`,
    ["any-page-with-credentials low 3:27"],
  ],
  [
    "a route without auth at the same backend",
    `${HOST}${auth("{ api_key: { keys: { a: { hash: 'sha256:5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592' } } } }").trimEnd().slice(0, -1)}, { path: /b, backends: ["http://127.0.0.1:9001"] }, { path: /c, backends: ["http://127.0.0.1:9002"] }, { path: /a/open, backends: ["http://127.0.0.1:9002"], auth: none }, { path: /a/x, backends: ["http://127.0.0.1:9003"] }]`,
    ["route-without-auth medium 4:82", "route-without-auth medium 4:252"],
  ],
  [
    "a route with auth for some methods, and an open one that takes the others",
    `${HOST}${GUARD}, methods: [GET] }, { path: /*, backends: ["http://127.0.0.1:9001"], auth: none }]`,
    ["methods-without-auth medium 4:70"],
  ],
  [
    "an unused provider",
    `${HOST}auth: { p: { forward: "http://127.0.0.1:4180/" } }\n${ROUTES}`,
    ["provider-unused low 3:9"],
  ],
  [
    "tokens for any service, from any issuer, in URLs and forever",
    `${HOST}${auth("{ jwt: { jwks: https://i/j, from: query:t, require: { exp: false } } }")}`,
    [
      "jwt-without-audience medium 3:14",
      "jwt-without-issuer low 3:14",
      "token-without-expiry medium 3:71",
      "credentials-in-query low 3:46",
    ],
  ],
  [
    "a decision that is asked for without TLS",
    `${HOST}${auth("{ forward: http://auth.example/verify }")}`,
    ["forward-auth-over-http medium 3:23"],
  ],
  [
    "the store on the network",
    `${HOST}store: { redis: "redis://10.0.0.1", on_error: allow }\n${ROUTES}`,
    ["store-in-the-clear low 3:17", "fails-open medium 3:47"],
  ],
  [
    "limits for all together",
    `${HOST}rate_limiting: { rate: 5, key: all }\nroutes: [{ path: /a, backends: ["http://b"], rate_limit: 3 }]`,
    ["limit-for-all low 3:32", "limit-for-all low 4:58"],
  ],
  [
    "a limit by the proxy's address",
    `server: { host: 127.0.0.1 }\nadmin: { main_port: off }\nroutes: [{ path: /a, backends: ["http://b"], rate_limit: { rate: 3, key: client_ip } }]`,
    ["limit-by-proxy-address medium 3:74"],
  ],
  [
    "validation that reports only",
    `${HOST}routes: [{ path: /a, backends: ["http://b"], validate: { openapi: "${join(import.meta.dir, "api.yaml")}", mode: report } }]`,
    ["validation-reports-only low 3:"],
  ],
  [
    "secrets in the file",
    `${HOST}upstreams: { a: { backends: ["http://b"], sticky: { secret: sixteen-characters-long } } }\nroutes: [{ path: /a, upstream: a }]`,
    ["secret-in-file medium 3:61"],
  ],
  [
    "secrets in a file that everybody can read",
    `${HOST}store: { redis: "rediss://u:hush-hush@127.0.0.1" }\n${ROUTES}`,
    ["secret-in-file high 3:17"],
    { modes: { "gateway.yaml": 0o644 } },
  ],
  [
    "secrets beside variables, and those for backends",
    `${HOST}routes: [{ path: /a, backends: ["http://b"], request: { headers: { set: { x-api-key: "abc\${X}", authorization: "Bearer abc" } }, query: { set: { key: abc } } } }]`,
    ["secret-in-file medium 3:86", "secret-in-file medium 3:112", "secret-in-file medium 3:151"],
    { environment: { X: "rest-of-it" } },
  ],
  [
    "secrets that stand in for variables",
    `${HOST}store: { redis: "\${R:-rediss://u:hush-hush@127.0.0.1}" }\n${ROUTES}`,
    ["secret-in-file medium 3:17"],
  ],
  [
    "contents of errors that are kept",
    `${HOST}routes: [{ path: /a, backends: ["http://b"], log_body: 4KiB }]`,
    ["contents-kept low 3:"],
  ],
  [
    "contents of all requests that are kept",
    `${HOST}routes: [{ path: /a, backends: ["http://b"], log_body: { when: all } }, { path: /b, backends: ["http://b"], log_body: { request: 0, response: 0 } }]`,
    ["contents-kept medium 3:"],
  ],
  [
    "a log in a folder for all",
    `${HOST}logging: { database: /tmp/gateway.db }\n${ROUTES}`,
    ["log-in-shared-folder medium 3:22"],
    { modes: { "/tmp": 0o1777 } },
  ],
  [
    "files of keys that all can read",
    `${HOST}${auth(`{ api_key: { file: ${join(import.meta.dir, "keys.yaml")} } }`)}`,
    ["readable-key medium 3:31"],
    { modes: { [join(import.meta.dir, "keys.yaml")]: 0o644 } },
  ],
];

describe("the audit", () => {
  test.each(
    cases.map(([what, text, expected, given = {}]) => [what, text, expected, given] as const),
  )("finds %s", (_what, text, expected, given) => {
    const all = found(text, given);
    expect(all).toEqual(
      expect.arrayContaining(
        expected.map((one) => (one.endsWith(":") ? expect.stringContaining(one) : one)),
      ),
    );
    if (text.startsWith("server")) expect(all).toHaveLength(expected.length);
  });

  test("has a case for each rule that needs no certificates", () => {
    const named = new Set(
      cases.flatMap(([, , expected]) => expected.map((one) => one.split(" ")[0])),
    );
    const missing = auditRules.map(({ name }) => name).filter((name) => !named.has(name));
    expect(missing).toEqual(["client-certificates-optional"]);
  });

  test("leaves out rules that are ignored", () => {
    expect(found(ROUTES, { ignored: ["no-tls"] })).toEqual(["no-limits medium 1:1"]);
  });

  test("finds once what defaults have for many routes", () => {
    const text = `${HOST}defaults: { tls: { insecure_skip_verify: true } }\nroutes: [{ path: /a, backends: ["https://b"] }, { path: /b, backends: ["https://b"] }]`;
    expect(found(text)).toEqual(["tls-not-verified high 3:42"]);
  });

  test("shows no secret, neither of the file nor of the environment", () => {
    const text = `${HOST}store: { redis: "rediss://u:hush-1@127.0.0.1" }\nupstreams: { a: { backends: ["http://b"], sticky: { secret: "\${S:-hush-2-hush-2-hush-2}" } } }\nroutes: [{ path: /a, upstream: a }]`;
    const risks = risksOf(text, { environment: { S: "hush-3-hush-3-hush-3" } });
    expect(risks).toHaveLength(2);
    expect(JSON.stringify(risks)).not.toContain("hush");
  });

  test("finds no secret in a text of variables and placeholders", () => {
    const text = `${HOST}routes: [{ path: /a, backends: ["http://b"], request: { headers: { set: { authorization: "Bearer \${X}", x-api-key: "{header.x-key}" } } } }]`;
    expect(found(text, { environment: { X: "rest-of-it" } })).toEqual([]);
  });

  test("says nothing of a configuration that is not valid", () => {
    const { risks, diagnostics } = auditConfig("gateway.yaml", "routs: []", {
      environment: {},
      modeOf: () => undefined,
      ignored: new Set(),
    });
    expect(risks).toBeUndefined();
    expect(diagnostics.length).toBeGreaterThan(0);
  });
});

const issued = issuedForAll("server", "DNS:localhost");

test.skipIf(!hasOpenssl)(
  "client certificates that nothing requires are found, and keys that all can read",
  () => {
    const file = (name: string) => join(issued.folder, name);
    const tls = (required: boolean) => `server:
  host: 127.0.0.1
  trusted_proxies: [127.0.0.1]
  tls:
    port: 8443
    certificates: [{ certificate: ${file("server.pem")}, key: ${file("server.key")} }]
    client_certificates: { ca: ${file("ca.pem")}, required: ${required} }
admin: { main_port: off }
${ROUTES}`;
    expect(found(tls(false))).toEqual(["client-certificates-optional medium 7:5"]);
    expect(found(tls(true), { modes: { [file("server.key")]: 0o644 } })).toEqual([
      expect.stringContaining("readable-key high 6:"),
    ]);
  },
);

test("names of rules are unique, and the docs list all of them", async () => {
  const names = auditRules.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const page = await Bun.file(join(import.meta.dir, "../../../../docs/access.md")).text();
  const missing = auditRules.filter(
    ({ name, severity }) => !page.includes(`| \`${name}\` | ${severity} |`),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test.each([
  [
    "for other methods by name",
    `{ path: /a/*, methods: [GET, HEAD], backends: BACKENDS, auth: none }`,
  ],
  ["elsewhere", `{ path: /*, backends: ["http://127.0.0.1:9002"], auth: none }`],
  ["for other hosts", `{ path: /*, hosts: [a.test], backends: BACKENDS, auth: none }`],
  ["for other paths", `{ path: /b/*, backends: BACKENDS, auth: none }`],
  [
    "after one with auth",
    `{ path: /a/*, backends: BACKENDS, auth: p }, { path: /*, backends: BACKENDS, auth: none }`,
  ],
])("an open route %s takes no other methods of a guarded one", (_which, open) => {
  const others = open.replaceAll("BACKENDS", '["http://127.0.0.1:9001"]');
  const risks = found(`${HOST}${GUARD}, methods: [POST] }, ${others}]`);
  expect(risks.filter((risk) => risk.startsWith("methods-without-auth"))).toEqual([]);
});
