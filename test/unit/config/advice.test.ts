import { describe, expect, test } from "bun:test";
import { errorsIn, ROUTE, route, warningsIn } from "./loading.ts";

const server = (rest: string) => `server: { ${rest} }\n${ROUTE}`;
const backend = (url: string) => `routes:\n  - { path: /a, backends: ["${url}"] }\n`;

describe("an error says what to write instead", () => {
  const advised = (text: string) => errorsIn(text).map((error) => error.split("; ").at(-1) ?? "");

  test.each([
    ["tls: true", "name `certificates`, like `{ certificates: [{ certificate: api.pem, key: "],
    ["tls: { acme: true }", "name the domains, like `{ domains: [api.example.com] }`"],
    ["tls: { client_certificates: certs/ca.pem }", "write `{ ca: certs/ca.pem }`"],
    ["tls: { client_certificates: true }", "write `{ ca: ca.pem }`"],
    ["tls: { min_version: TLSv1.3 }", 'write `"1.3"`'],
    ["tls: { min_version: VersionTLS12 }", 'write `"1.2"`'],
    ["proxy_protocol: true", "list the addresses of the proxies that send it, like `[10.0.0.0/8]`"],
    ["encoded_slashes: true", "write `keep`"],
    ["encoded_slashes: nodecode", "write `keep`"],
    ["encoded_slashes: deny", "write `reject`"],
  ])("server: { %s }", (text, advice) => {
    expect(advised(server(text))).toContainEqual(expect.stringContaining(advice));
  });

  test.each([
    ["protocol: 2", "write `http2`"],
    ["protocol: 1.1", "write `http1`"],
    ["protocol: 3", "write `http3`"],
    ["upgrades: true", "leave it out to allow all"],
    ["upgrades: false", "write `[]` to allow none"],
    ["upgrades: [ws]", "write that"],
  ])("a route with %s", (text, advice) => {
    expect(advised(route(text))).toEqual([expect.stringContaining(advice)]);
  });

  test.each([
    [
      "grpc://localhost:50051",
      "write `http://localhost:50051`, and `protocol: http2` in the route",
    ],
    ["grpcs://shop:443", "write `https://shop:443`, and `protocol: http2` in the route"],
    ["http+unix://%2Frun%2Fapp.sock", "write `unix:/run/app.sock`"],
    ["http://unix:/run/app.sock:/base", "write `unix:/run/app.sock`"],
    ["/run/app.sock", "write `unix:/run/app.sock`"],
    ["unix:run/app.sock", "the path of a Unix socket is absolute, like unix:/run/app.sock"],
  ])("a backend %s", (url, advice) => {
    expect(advised(backend(url))).toEqual([expect.stringContaining(advice)]);
  });
});

test("port 443 without TLS is a warning", () => {
  expect(warningsIn(server("port: 443"))).toEqual([
    "1:17: clients expect TLS on port 443, and without `tls` it speaks plain HTTP",
  ]);
});

const provider = (rest: string) => `auth: { one: { ${rest} } }\n${ROUTE}`;

describe("an error about access says what to write instead", () => {
  test.each([
    [route("rate_limit: { rate: 5, key: ip }"), "write `client_ip`"],
    [route("rate_limit: { rate: 5, key: $binary_remote_addr }"), "write `client_ip`"],
    [route("rate_limit: { rate: 5, key: consumer }"), 'write `"{auth.subject}"`'],
    [route("rate_limit: { rate: 5, key: header.X-Tenant }"), 'write `"{header.x-tenant}"`'],
    [route("rate_limit: { rate: 5, key: $http_x_tenant }"), 'write `"{header.x-tenant}"`'],
    [route("rate_limit: { rate: 5, key: x-tenant }"), 'write `"{header.x-tenant}"`'],
    [route("rate_limit: { rate: 5, key: service }"), "write `all`"],
    [route("quota: { limit: 5, per: day, key: consumer }"), "write `subject`"],
    [route("validate: api.yaml"), "or `{ openapi: api.yaml }` for an OpenAPI document"],
    [route("validate: { openapi: 'https://a/b.yaml' }"), "nothing is fetched; download it"],
    [provider("api_key: { file: a, from: authorization }"), "with a bearer token is `bearer`"],
    [provider("api_key: { file: a, from: cookie }"), "add its name, like cookie:token"],
    [provider("api_key: { file: a, from: X-Api-Key }"), "a field is written header:x-api-key"],
    [route("auth: true"), "name the provider"],
    [route("require: admin"), "write `{ scope: [admin] }` for a scope, or `{ claims: { role: adm"],
    [route("require: [a]"), "scopes stand below `scope`, and claims with their values below"],
    [route("require: { claims: [role] }"), "for any value of a claim, write `true`, like `{ ro"],
    [route("security_headers: on"), "write `true`"],
    [route("quota: { limit: 100/month, key: all }"), "write `limit: 100, per: month`"],
    [provider("basic: { file: a, cache: off }"), "to turn it off, write 0"],
    [route("quota: 100"), "add the period, like `100/month`"],
    [route("quota: 100/hour"), "for shorter times there is `rate_limit: 100/hour`"],
    [`auth: { one: basic }\n${ROUTE}`, "write its settings, like `{ basic: { … } }`"],
    [`auth: { one: [{ basic: a }] }\n${ROUTE}`, "a provider has one kind; give each its own name"],
    [`auth: [{ basic: a }]\n${ROUTE}`, "providers have names in place of `- `"],
    [`auth: { "my auth": { basic: a } }\n${ROUTE}`, "letters, digits, `-` and `_` are possible"],
    [provider("basic: { users: ['ada:x'] }"), "like `ada: …` or `{ name: ada, hash: … }`"],
    [route("allow: [localhost]"), "write 127.0.0.0/8 and ::1"],
    [route("allow: [10.0.0.1-10.0.0.9]"), "a range is written as networks, like 10.0.0.0/29"],
    [route("deny: [bad.example.com]"), "names are not looked up"],
    [`logging: { redact: [token] }\n${ROUTE}`, "name parameters below `query`, and fields below"],
    [`auth:\n  one:\n  jwt: {}\n${ROUTE}`, "one kind of provider, indented further than its key"],
  ])("%j", (text, advice) => {
    expect(errorsIn(text)).toContainEqual(expect.stringContaining(advice));
  });

  test("which for a URL in place of a mapping is its key", () => {
    expect(errorsIn(provider("jwt: https://issuer.example.com/jwks.json"))).toEqual([
      expect.stringContaining('`{ jwks: "https://issuer.example.com/jwks.json" }`'),
    ]);
  });

  test("where no certificate is meant, or every one", () => {
    const tls = "server: { tls: { client_certificates: { ca: ca.pem } } }\n";
    expect(errorsIn(tls + provider("client_certificate: { verify: optional }"))).toContainEqual(
      expect.stringContaining("whether every client needs a certificate, are `server.tls.client_"),
    );
    expect(errorsIn(tls + provider("client_certificate: {}"))).toContainEqual(
      expect.stringContaining("or `client_certificate: true` for all that the authorities have"),
    );
  });
});
