import { describe, expect, test } from "bun:test";
import { KindGuard, type TSchema } from "@sinclair/typebox";
import { FOREIGN, keyHints } from "../../../src/config/foreign-keys/hints.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { ROUTE, route, errorsIn } from "./loading.ts";

const backend = (rest: string) => `routes:\n  - path: /a\n    backends: [{ ${rest} }]\n`;

/** A line of another gateway's configuration, where it would be written, and the answer. */
const table: readonly (readonly [text: string, told: string])[] = [
  [`listen: 80\n${ROUTE}`, "the gateway listens on `server.host` and `server.port`"],
  [`server: { listen: 80 }\n${ROUTE}`, "the gateway listens on `server.host` and `server.port`"],
  [`server: { bind: ":80" }\n${ROUTE}`, "the gateway listens on `server.host` and `server.port`"],
  [`entryPoints: {}\n${ROUTE}`, "the gateway listens on `server.host` and `server.port`"],
  [`server: { tls: { cert: a } }\n${ROUTE}`, "a certificate and its key are an item of `cert"],
  [`server: { ssl_certificate: a }\n${ROUTE}`, "a certificate and its key are an item of `server"],
  [`server: { tls: { ssl_certificate: a } }\n${ROUTE}`, "a certificate and its key are an item"],
  [`server: { tls: { certResolver: le } }\n${ROUTE}`, "certificates from an issuer are"],
  [`server: { tls: { http2: false } }\n${ROUTE}`, "HTTP/2 is offered to clients unless `server"],
  [`server: { tls: { ciphers: HIGH } }\n${ROUTE}`, "ciphers cannot be chosen; all that are"],
  [`server: { tls: { hsts: true } }\n${ROUTE}`, "that is `hsts` of `security_headers`"],
  [
    `server: { tls: { acme: { domains: [a.b], ca: x } } }\n${ROUTE}`,
    "the issuer is `directory`, the URL of",
  ],
  [
    `server: { tls: { acme: { domains: [a.b], challenge: x } } }\n${ROUTE}`,
    "HTTP-01 and TLS-ALPN-01 are used by",
  ],
  [
    `server: { tls: { acme: { domains: [a.b], dns: x } } }\n${ROUTE}`,
    "DNS-01 is not supported; HTTP-01 and",
  ],
  [
    `server: { tls: { acme: { domains: [a.b], agree_tos: true } } }\n${ROUTE}`,
    "by naming an issuer you agree",
  ],
  [`server: { upgrades: [] }\n${ROUTE}`, "it belongs to each entry of `routes`"],
  [route("tls: { certificates: [] }"), "a route's `tls` is for https backends; TLS for clients is"],
  [`tls: {}\n${ROUTE}`, "TLS for clients is `tls` of `server`, like `tls: { certificates: "],
  [`server: { tls: { ssl_protocols: x } }\n${ROUTE}`, "the oldest version is `min_version`"],
  [`services: []\n${ROUTE}`, "named pools of backends are `upstreams`"],
  [`server: { upstream: {} }\n${ROUTE}`, "named pools of backends are `upstreams`"],
  [`servers: []\n${ROUTE}`, "there is one `server`; `routes` have the paths"],
  [`endpoints: []\n${ROUTE}`, "each is an entry of `routes`, with a `path` and its `backends`"],
  [`server: { location: /a }\n${ROUTE}`, "each is an entry of `routes`, with a `path`"],
  [`http: { routers: {} }\n${ROUTE}`, "there is no such level here: `server` is the port"],
  [`server: { server_name: a }\n${ROUTE}`, "routes are matched by `hosts`, each by its own"],
  [`include: a.yaml\n${ROUTE}`, "there are no included files yet; "],
  [`$schema: x\n${ROUTE}`, "a configuration has no version and names no schema; leave it out"],
  [`plugins: []\n${ROUTE}`, "there are no plugins yet; "],
  [`middlewares: {}\n${ROUTE}`, "there are no plugins yet; "],
  [`extra_config: {}\n${ROUTE}`, "there are no plugins yet; "],
  [`keyAuth: {}\n${ROUTE}`, "clients with API keys are known by a provider under `auth`"],
  [`basicauth: {}\n${ROUTE}`, "clients with passwords are known by a provider under `auth`"],
  [`server: { jwt: {} }\n${ROUTE}`, "tokens are verified by a provider under `auth` at the top, "],
  [`auth: { corp: { type: jwt } }\n${ROUTE}`, "a provider's kind is a key, like `corp: { jwt: "],
  [`auth: { corp: { jwt: { jwks_uri: a } } }\n${ROUTE}`, "that is `jwks`, the URL or the file"],
  [`auth: { corp: { jwt: { clock_skew: 1s } } }\n${ROUTE}`, "that is `leeway`, like"],
  [`oauth2: {}\n${ROUTE}`, "define providers under `auth` at the top"],
  [
    `auth: { a: { oidc: { issuer: "https://a", client_id: a, keys: ["0123456789abcdef0123456789abcdef"], redirect_uri: a } } }\n${ROUTE}`,
    "where the issuer sends people back to is made of `external_url` and `callback_path`",
  ],
  [`prometheus: {}\n${ROUTE}`, "metrics for Prometheus are at /metrics on the operator's port"],
  [`opentelemetry: {}\n${ROUTE}`, "traces are sent by `tracing` at the top"],
  [`log: {}\n${ROUTE}`, "`logging` has the access log's `database`"],
  [`access_log: a\n${ROUTE}`, "`logging` has the access log's `database`"],
  [`log_level: debug\n${ROUTE}`, "that is `logging.level`"],
  [`worker_processes: 4\n${ROUTE}`, "the gateway runs in one process; "],
  [`server: { timeout: 5s }\n${ROUTE}`, "timeouts are `server.timeouts.request`"],
  [
    `server: { client_max_body_size: 1m }\n${ROUTE}`,
    "the largest request body is `server.max_body",
  ],
  [`admin: { port: 9090 }\n${ROUTE}`, "address and port are one: `listen: 127.0.0.1:9090`"],
  [`admin: { password: x }\n${ROUTE}`, "the operator's secret is `token`"],
  [`logging: { file: a.log }\n${ROUTE}`, "the access log is the SQLite file `database`"],
  [`cors: { origins: ["*"] }\n${ROUTE}`, "that is `allowed_origins`"],
  [`cors: { methods: [GET] }\n${ROUTE}`, "that is `allowed_methods`"],
  [`cors: { headers: [a] }\n${ROUTE}`, "that is `allowed_headers`"],
  [
    `health_check: { uri: / }\n${ROUTE}`,
    "the page that is requested is `path`, on the backend's own",
  ],
  [
    `health_check: { fails: 2 }\n${ROUTE}`,
    "failed checks in a row are counted by `unhealthy_after`",
  ],
  [`rate_limiting: { rps: 5 }\n${ROUTE}`, "the rate is `rate`"],
  [route("rate_limit: { average: 5 }"), "the rate is `rate`"],
  [
    route("rate_limit: { rate: 5, zone: one }"),
    "what a limit counts is `key`: all, client_ip or a",
  ],
  [route("rate_limit: { rate: 5, nodelay: true }"), "a request above the limit gets a 429; with"],
  [route("rate_limits: [5]"), "a route's limits are `rate_limit`, like"],
  [`server: { path: /a }\n${ROUTE}`, "it belongs to each entry of `routes`"],
  [`proxy_pass: http://a\n${ROUTE}`, "requests go to `backends`, a list of URLs"],
  [`server: { strip_path: /a }\n${ROUTE}`, "that is `strip_prefix`, like"],
  [`maxconn: 100\n${ROUTE}`, "the limit on client connections is `server.max_connections`, "],
  [`server: { limit_conn: 8 }\n${ROUTE}`, "the limit on the connections of one client is "],
  [
    `server: { client_header_timeout: 5s }\n${ROUTE}`,
    "the time limit on a request's header section is `server.header_timeout`",
  ],
  [
    `server: { http_keep_alive: 65s }\n${ROUTE}`,
    "idle client connections are closed after `server.keep_alive_timeout`",
  ],
  [
    `large_client_header_buffers: 4 8k\n${ROUTE}`,
    "the largest header section of a request is `server.max_header_size`",
  ],
  [
    `server: { accept-proxy: true }\n${ROUTE}`,
    "proxies whose connections begin with the PROXY protocol are listed in `server.proxy_protocol`",
  ],
  [route("send-proxy: true"), "the gateway does not send the PROXY protocol to backends; "],
  [route("listen: 80"), "the gateway listens on `server.host` and `server.port`"],
  [route("mirrors: {}"), "copies of requests are sent by `mirror` of a route"],
  [route("query_params: {}"), "that is `query`"],
  [route("cookies: {}"), "cookies are matched as a field, like `headers: { cookie: "],
  [route("conditions: []"), "conditions are keys of the route: `hosts`, `methods`, `headers`, "],
  [route("server_name: a.example"), "that is `hosts`"],
  [
    route("timeout: 5s"),
    "a route's timeouts are `timeouts: { request, response, idle, exchange }`",
  ],
  [route("proxy_read_timeout: 5s"), "a route's timeouts are `timeouts: { request, response,"],
  [route("proxy_set_header: {}"), "fields are changed by `request: { headers: "],
  [route("jwt: {}"), "tokens are verified by a provider under `auth` at the top, like"],
  [route("auth_basic: x"), "clients with passwords are known by a provider under `auth`"],
  [route("authentication: {}"), "define providers under `auth` at the top, each with a name"],
  [route("scopes: [a]"), "what a route asks of clients that `auth` has recognized is `require`"],
  [route("redir: /b"), "a route's redirect is `redirect`, like"],
  [route("return: 404"), "a route's fixed answer is `respond`, like"],
  [route("strip_path: true"), "that is `strip_prefix`, like `strip_prefix: /api`"],
  [route("replace_path: /a"), "that is `rewrite`, a path with placeholders, like"],
  [route("host_header: a"), "that is `host`, like `host: users.internal`"],
  [`host: 0.0.0.0\n${ROUTE}`, "the address to listen on is `server.host`"],
  [route("retries: 3"), "that is `retry`: how many attempts there are in all"],
  [route("retry: { num_retries: 3 }"), "that is `attempts`, the first one included"],
  [route("retry: { per_try_timeout: 1s }"), "that is `attempt_timeout`"],
  [route("hedge_policy: {}"), "that is `hedge`"],
  [route("breaker: {}"), "that is `circuit_breaker` of a route or an upstream"],
  [route("outlier_detection: {}"), "backends at which requests fail are taken out by `ejection`"],
  [backend("url: http://a, max_fails: 3"), "failed requests are counted by `ejection`"],
  [route("proxy_cache: {}"), "that is `cache` of a route, "],
  [route("gzip: true"), "answers are compressed by `compress` of a route"],
  [route("compress: { minimum_length: 5 }"), "that is `min_size`"],
  [route("compress: { content_type: text/html }"), "that is `types`"],
  [route("compress: { prefer: [br] }"), "that is `algorithms`"],
  [route("compress: { level: 6 }"), "each algorithm has its own in `levels`"],
  [route("session_affinity: true"), "clients stay with their backend by `sticky`"],
  [route("hash_on: ip"), "that is `balance: { hash: client_ip }`"],
  [route("lb_policy: least_conn"), "that is `balance`; "],
  [route("keepalive: 32"), "connections are kept open and reused automatically; "],
  [route("websocket: true"), "WebSocket connections pass through without a setting"],
  [route("tls: { insecure: true }"), "https backends are verified by default; "],
  [backend("url: http://a, max_conns: 5"), "that is `max_in_flight`"],
  [backend("url: http://a, timeout: 5s"), "that is set for a whole route, next to `backends`"],
];

const HASH = `"sha256:${"0".repeat(64)}"`;
const provider = (rest: string) => `auth: { one: { ${rest} } }\n${ROUTE}`;

/** Keys below a provider's name. */
test.each([
  [
    provider(`api_key: { header: x, keys: { a: ${HASH} } }`),
    "where the key stands is `from`, like",
  ],
  [provider("ldap: {}"), "there is no such kind of provider; a service that decides about"],
  [provider("basicAuth: {}"), "that is `basic`, like `basic: { file: users.yaml }`"],
  [route("identity_headers: {}"), "that is a key of a provider under `auth`, next to its kind"],
  [provider("api_key: { keyFile: x }"), "the file of keys is `file`, and keys in the"],
  [provider("api_key: { keys: { a: { key: x } } }"), "that is `hash`, and of the key there is"],
  [provider(`api_key: { keys: { a: { hash: ${HASH}, scopes: x } } }`), "what is known about the"],
  [
    provider(`api_key: { keys: [{ name: a, hash: ${HASH}, ttl: 1d }] }`),
    "that is `expires`, a date",
  ],
  [provider("basic: { htpasswd: x }"), "the file of users, in YAML or of htpasswd, is `file`"],
  [provider("basic: { users: { a: { password: x } } }"), "that is `hash`, as `gateway password`"],
  [
    provider(`api_key: { keys: { a: ${HASH} }, pass_credentials: true }`),
    "that stands next to the provider's kind",
  ],
  [
    provider(`api_key: { keys: { a: ${HASH} }, identity_headers: {} }`),
    "what backends learn of the client stands next to the provider's kind",
  ],
])("%j is answered below the name of a provider", (text, answer) => {
  const [only, ...others] = errorsIn(text);
  expect(only).toContain(`: ${answer}`);
  expect(others).toEqual([]);
});

describe("a key of another gateway", () => {
  test.each(table)("%j is answered in the words of this one", (text, answer) => {
    const [only = "", ...others] = errorsIn(text);
    expect(only.slice(only.indexOf(": unknown key"))).toMatch(/^: unknown key `[^`]+`: /);
    expect(only.slice(only.indexOf("`: ") + 3)).toStartWith(answer);
    expect(others).toEqual([]);
  });

  test.each([
    ["routes: [{ prefix: /a, backends: [http://a] }]\n", "requests are matched by `path`; "],
    ["routes: [{ match: /a, backends: [http://a] }]\n", "requests are matched by `path`; "],
    ["routes: [{ path: /a, proxy_pass: http://a }]\n", "requests go to `backends`, "],
    ["routes: [{ path: /a, service: users }]\n", "requests go to `backends`, "],
    [backend("host: a"), "a backend is its `url`, like http://localhost:9001"],
  ])("%j is not reported as the missing of ours too", (text, answer) => {
    const all = errorsIn(text);
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(answer);
  });
});

const upstream = (rest: string) =>
  `upstreams:\n  u:\n    backends: [http://a]\n    ${rest}\nroutes: [{ path: /a, upstream: u }]\n`;
const defaults = (rest: string) => `defaults: { ${rest} }\n${ROUTE}`;

/** Keys of other gateways, and of this one in a wrong place, where upstreams and defaults are written. */
const shared: readonly (readonly [text: string, told: string])[] = [
  [upstream("lb_policy: x"), ": that is `balance`; "],
  [upstream("max_fails: 3"), ": backends at which requests fail are taken out by `ejection`"],
  [upstream("servers: []"), ": requests go to `backends`, a list of URLs"],
  [upstream("max_connections: 5"), ": requests in progress are limited by `concurrency`"],
  [upstream("ejection: { consecutive_5xx: 5 }"), ": that is `failures`, in a row"],
  [upstream("tls: { insecure: true }"), ": https backends are verified by default"],
  [upstream("retry: 3"), ": that is a key of a route, or of `defaults` for all of them"],
  [upstream("cors: true"), ": that is a key of a route, or of `defaults` for all of them"],
  [upstream("hosts: a.b"), ": that is a key of a route; each has its own"],
  [upstream("retries: 3"), "or `{ attempts, on, ... }`; it belongs to the routes of the upstream"],
  [defaults("timeout: 5s"), ": a route's timeouts are `timeouts: {"],
  [defaults("retries: 3"), ": that is `retry`: how many attempts there are in all"],
  [defaults("retry: { num_retries: 3 }"), ": that is `attempts`, the first one included"],
  [defaults("path: /a"), ": that is a key of a route; each has its own"],
  [defaults("backends: [http://a]"), ": that is a key of a route; each has its own"],
  [`retry: 3\n${ROUTE}`, ": that is a key of a route, or of `defaults` for all of them"],
  [
    `ejection: true\n${ROUTE}`,
    ": that is a key of an upstream, and of a route with `backends`, or of `defaults` for all of",
  ],
  [`server: { hedge: 1s }\n${ROUTE}`, ": that is a key of a route, or of `defaults`"],
  [`server: { connect_timeout: 1s }\n${ROUTE}`, ": that is `connect_timeout` of an upstream or"],
  [route("headers: { x: { regex: a } }"), ": a value is written as it is, like "],
  [
    route("request: { headers: { x-a: b } }"),
    ": values are written below `set`, like `set: { x-a: ",
  ],
  [defaults("response: { headers: { x-a: b } }"), ": values are written below `set`, like"],
  [route("timeouts: { connect: 1s }"), ": that is `connect_timeout` of an upstream"],
];

test.each(shared)("%j is answered once, for the place where it stands", (text, answer) => {
  const [only, ...others] = errorsIn(text);
  expect(only).toContain(answer);
  expect(others).toEqual([]);
});

describe("a key in the wrong place", () => {
  test.each([
    [`port: 80\n${ROUTE}`, "unknown key `port`, it belongs under `server`"],
    [
      `server: { strip_prefix: /a }\n${ROUTE}`,
      "unknown key `strip_prefix`: that is a key of a route; each has its own",
    ],
    [
      `compress: true\n${ROUTE}`,
      "unknown key `compress`: that is a key of a route, or of `defaults` for all of them",
    ],
    [`server: { database: a.db }\n${ROUTE}`, "unknown key `database`, it belongs under `logging`"],
    [route("weight: 5"), "unknown key `weight`: a weight belongs to a backend"],
  ])("%j is answered with its right place", (text, message) => {
    expect(errorsIn(text)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    [`token: x\nmax_age: 1d\n${ROUTE}`, "unknown key `max_age`; valid keys: "],
    [`health_check: { methods: [GET] }\n${ROUTE}`, "unknown key `methods`; valid keys: "],
  ])("%j is not sent where the word means something else", (text, message) => {
    expect(errorsIn(text).at(-1)).toContain(message);
    expect(errorsIn(text).at(-1)).not.toContain("belongs");
  });
});

/** All keys of all mappings: "server.port", "routes.path". */
function keysBelow(schema: TSchema, trail: readonly string[]): string[] {
  if (KindGuard.IsArray(schema)) return keysBelow(schema.items, trail);
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap((form) => keysBelow(form, trail));
  if (KindGuard.IsRecord(schema)) {
    return Object.values<TSchema>(schema.patternProperties).flatMap((one) => keysBelow(one, trail));
  }
  if (!KindGuard.IsObject(schema)) return [];
  return Object.entries(schema.properties).flatMap(([key, property]) => [
    [...trail, key].join("."),
    ...keysBelow(property, [...trail, key]),
  ]);
}

describe("the table of foreign keys", () => {
  const known = new Set(keysBelow(configSchema, []));

  test("has no key twice in one place, and none that is valid there", () => {
    const all = FOREIGN.flatMap(({ below, keys }) =>
      below.flatMap((place) =>
        keys.split(" ").map((key) => (place === "" ? key : `${place}.${key}`)),
      ),
    );
    expect(all.filter((key, index) => all.indexOf(key) !== index)).toEqual([]);
    expect(all.filter((key) => known.has(key))).toEqual([]);
    expect(all.length).toBeGreaterThan(500);
  });

  test("names keys that there are, and places", () => {
    const places = new Set(["", ...[...known].map((key) => key.split(".").slice(0, -1).join("."))]);
    const names = new Set([...known].flatMap((key) => [key, key.split(".").at(-1)]));
    for (const { below, answer, means } of FOREIGN) {
      for (const place of below) expect(places).toContain(place);
      const named = [...answer.matchAll(/`([a-z_.]+)`/g)].map(([, name]) => name);
      for (const name of [...named, ...(means === undefined ? [] : [means])]) {
        expect(names).toContain(name);
      }
    }
  });

  test("knows keys in any spelling", () => {
    for (const key of ["proxyPass", "proxy-pass", "PROXY_PASS"]) {
      expect(keyHints.hintFor(key, ["routes"])?.means).toBe("backends");
    }
  });
});
