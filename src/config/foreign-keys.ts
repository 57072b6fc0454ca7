import { plainForm } from "./reading/suggest.ts";
import type { KeyHint, KeyHints } from "./reading/complaints.ts";

/** Keys of nginx, Caddy, Traefik, KrakenD, Kong, HAProxy, Envoy, Apache and Express Gateway. */
interface ForeignKeys {
  /** Where they are answered so: the keys that lead there, list places left out. */
  readonly below: readonly string[];
  readonly keys: string;
  /** The answer in the words of this product. */
  readonly answer: string;
  /** The key of the same mapping that does what they do; it is then not reported as missing. */
  readonly means?: string;
}

const TOP = "";
const ROUTE = "routes";
const BACKEND = "routes.backends";
const CHECKS = ["health_check", "routes.health_check"];
const CORS = ["cors", "routes.cors"];
const LIMITS = ["rate_limiting", "routes.rate_limit"];

/** Every answer there is, for tests as well. */
export const FOREIGN: readonly ForeignKeys[] = [
  // Where the gateway listens.
  {
    below: [TOP, "server"],
    keys: "listen listener listeners bind address addr entry_points entrypoint frontend frontends hostname interface ports http_port",
    answer: "the gateway listens on `server.host` and `server.port`",
  },
  {
    below: [TOP, "server"],
    keys: "tls ssl https cert certs certificate certificates ssl_certificate ssl_certificate_key ssl_protocols acme autocert letsencrypt auto_https tls_context",
    answer:
      "the gateway does not accept TLS yet; put a proxy that does in front of it and list that in `server.trusted_proxies`",
  },
  {
    below: ["server"],
    keys: "key ca min_version",
    answer: "the gateway does not accept TLS yet; `tls` of a route is for https backends",
  },
  {
    below: [TOP, "server"],
    keys: "http2 h2 h2c http3 quic protocols proxy_protocol",
    answer: "clients connect with HTTP/1.1; there is nothing else to choose yet",
  },
  {
    below: [TOP, "server"],
    keys: "real_ip set_real_ip_from real_ip_header real_ip_from trusted_ips forwarded_headers proxies trust_proxy xff_num_trusted_hops",
    answer: "the proxies whose X-Forwarded-* are believed are listed in `server.trusted_proxies`",
  },
  {
    below: [TOP, "server"],
    keys: "workers worker worker_processes worker_threads threads nbthread nbproc cluster_mode events processes",
    answer: "the gateway runs in one process; there is nothing to set yet",
  },
  {
    below: [TOP, "server"],
    keys: "worker_connections max_connections maxconn max_conns max_requests",
    answer: "the limit on requests in flight is `server.max_in_flight`",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "keepalive keep_alive keepalive_timeout keepalive_requests idle_conns max_idle_conns",
    answer: "connections are kept open and reused by themselves; there is nothing to set yet",
  },
  {
    below: [TOP, "server"],
    keys: "client_max_body_size max_request_body_size request_body_limit body_limit limit_request_body max_body",
    answer: "the largest request body is `server.max_body_size`",
  },
  {
    below: [TOP, "server"],
    keys: "timeout client_body_timeout proxy_read_timeout proxy_send_timeout proxy_connect_timeout send_timeout connect_timeout responding_timeouts forwarding_timeouts",
    answer: "timeouts are `server.timeouts.request`, `response`, `idle` and `exchange`",
  },
  {
    below: [TOP],
    keys: "read_timeout write_timeout idle_timeout exchange_timeout timeouts",
    answer: "timeouts are `server.timeouts.request`, `response`, `idle` and `exchange`",
  },
  {
    below: [TOP, "server"],
    keys: "header_timeout read_header_timeout client_header_timeout max_header_size max_header_bytes large_client_header_buffers",
    answer: "limits on a request's header section cannot be set yet",
  },
  // What routes and backends are called elsewhere.
  {
    below: [TOP, "server"],
    keys: "upstream upstreams service services cluster clusters targets nodes pools backend service_endpoints load_balancers",
    answer: "there are no named upstreams yet; each route lists its own `backends`",
  },
  {
    below: [TOP],
    keys: "servers sites virtual_hosts vhosts",
    answer: "there is one `server`; `routes` have the paths and their `backends`",
  },
  {
    below: [TOP, "server"],
    keys: "location locations endpoints apis api api_endpoints routers router pipelines paths handle route_config rules ingress",
    answer: "each is an entry of `routes`, with a `path` and its `backends`",
  },
  {
    below: [TOP],
    keys: "http tcp udp stream",
    answer:
      "there is no such level here: `server` is the port, `routes` have the paths and their `backends`",
  },
  {
    below: [TOP, "server"],
    keys: "server_name server_names hosts domain domains host_name",
    answer: "hosts are not told apart yet; routes differ by `path` and `methods`",
  },
  {
    below: [TOP],
    keys: "include includes import imports files providers",
    answer: "there are no included files yet; the whole configuration is one file",
  },
  {
    below: [TOP],
    keys: "defaults default global globals common templates",
    answer:
      "there are no defaults for routes yet; repeat settings with a YAML anchor below a key that begins with `x-`",
  },
  {
    below: [TOP],
    keys: "version $schema format_version schema_version",
    answer: "a configuration has no version; leave it out",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "middleware middlewares plugin plugins policies filters http_filters extra_config handlers directives",
    answer:
      "there are no plugins yet; what a route may have beyond `backends` are its own keys, like `cors` and `rate_limit`",
  },
  // What is still to come, wherever it is written.
  {
    below: [TOP, "server", ROUTE],
    keys: "auth jwt authentication authorization authn authz basic_auth auth_basic oauth oauth2 oidc api_key api_keys key_auth forward_auth auth_request mtls client_certificates acl",
    answer: "the gateway does not authenticate clients yet; leave that to the backends",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "allow deny ip_whitelist ip_allow_list whitelist allowlist blacklist denylist ip_restriction clients",
    answer:
      "clients are not told apart by address yet; use a firewall or leave that to the backends",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "headers header proxy_set_header request_headers response_headers add_header set_headers header_up header_down custom_request_headers custom_response_headers request_transformer response_transformer security_headers",
    answer:
      "fields cannot be matched or changed yet; docs/http.md lists those that the gateway sets",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "retry retries max_retries retry_policy num_retries proxy_next_upstream lb_try_duration attempts hedge",
    answer:
      "retries cannot be set yet; a request that reached no backend goes to another one by itself",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "circuit_breaker circuit_breakers breaker outlier_detection ejection passive",
    answer: "there is no circuit breaker to set yet; `health_check` takes dead backends out",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "cache caching proxy_cache proxy_cache_path proxy_cache_valid cache_ttl http_cache",
    answer: "the gateway does not cache yet; Cache-Control of the backends reaches clients",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "compress compression gzip gzip_types brotli zstd encode deflate",
    answer: "the gateway does not compress yet; what backends compress passes as it is",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "metrics prometheus statsd stats monitoring status_page",
    answer: "there are no metrics yet; each request is a row of `logging.database`",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "tracing trace opentelemetry otel otlp zipkin jaeger telemetry datadog",
    answer: "there are no traces yet; each request is a row of `logging.database`",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "redirect redirects return redirect_scheme redirect_regex permanent respond response static static_response direct_response status file_server root try_files error_page",
    answer: "redirects and fixed answers do not exist yet; a route always goes to its `backends`",
  },
  // Logging.
  {
    below: [TOP, "server"],
    keys: "log logs access_log access_logs accesslog error_log logger log_format custom_log log_file logfile",
    answer: "`logging` has the access log's `database`, the `level` and the `format`",
  },
  {
    below: [TOP, "server"],
    keys: "log_level loglevel debug verbose",
    answer: "that is `logging.level`",
  },
  {
    below: [ROUTE],
    keys: "log logs logging access_log log_level",
    answer: "there is one `logging`, at the top level",
  },
  {
    below: ["logging"],
    keys: "file path filename output db sqlite file_path location",
    answer: "the access log is the SQLite file `database`",
  },
  {
    below: ["logging"],
    keys: "log_level verbosity severity threshold min_level",
    answer: "that is `level`",
  },
  {
    below: ["logging"],
    keys: "json encoding encoder style",
    answer: "that is `format: text` or `format: json`",
  },
  {
    below: ["logging"],
    keys: "rotation rotate max_age max_size max_days max_backups keep compress roll_size roll_keep",
    answer: "how much is kept is `retention: { max_age, max_size }`",
  },
  // Rate limits.
  {
    below: [TOP, "server"],
    keys: "throttle throttling limit limits limit_req limit_req_zone quota rate_limiter",
    answer: "the limit for all routes together is `rate_limiting`",
  },
  {
    below: [ROUTE],
    keys: "throttle throttling limit limits limit_req quota rate_limiter rate qos max_rate",
    answer: "a route's limit is `rate_limit`, like `rate_limit: 50`",
  },
  {
    below: LIMITS,
    keys: "rate rps limit requests average per_second max_rate capacity requests_per_minute minute second hour events",
    answer: "the rate is `requests_per_second`, which takes 600/m too",
    means: "requests_per_second",
  },
  {
    below: LIMITS,
    keys: "period window per unit interval every duration refill_rate",
    answer: "the time is part of the rate: `requests_per_second: 600/m`",
  },
  {
    below: LIMITS,
    keys: "by strategy scope source source_criterion limit_by zone",
    answer: "who shares a limit is `key: all` or `key: client_ip`",
  },
  // Health checks.
  {
    below: [TOP, "server", ROUTE],
    keys: "health probe probes check checks liveness readiness liveness_probe active_health_check",
    answer: "backends are checked as `health_check` says",
  },
  {
    below: CHECKS,
    keys: "uri url endpoint http_path health_path request",
    answer: "what is asked for is `path`, on the backend's own host and port",
  },
  {
    below: CHECKS,
    keys: "threshold fails fall failures max_fails max_failures unhealthy_threshold failure_threshold retries",
    answer: "failed checks in a row are counted by `unhealthy_after`",
  },
  {
    below: CHECKS,
    keys: "rise passes successes healthy_threshold success_threshold",
    answer: "successful checks in a row are counted by `healthy_after`",
  },
  {
    below: CHECKS,
    keys: "period every frequency check_interval initial_delay",
    answer: "the time between checks is `interval`",
  },
  {
    below: CHECKS,
    keys: "port method headers host hostname scheme expected_status status expect_status body match type",
    answer:
      "a check is a GET of `path` at the backend itself, and any 2xx answer is a success; nothing else can be set yet",
  },
  // CORS.
  {
    below: CORS,
    keys: "origin origins allow_origin access_control_allow_origin",
    answer: "that is `allowed_origins`",
  },
  {
    below: CORS,
    keys: "methods allow_methods access_control_allow_methods",
    answer: "that is `allowed_methods`",
  },
  {
    below: CORS,
    keys: "headers allow_headers access_control_allow_headers",
    answer: "that is `allowed_headers`",
  },
  { below: CORS, keys: "expose exposed expose_headers", answer: "that is `exposed_headers`" },
  {
    below: CORS,
    keys: "credentials access_control_allow_credentials",
    answer: "that is `allow_credentials`",
  },
  // The operator.
  {
    below: ["admin"],
    keys: "port host address addr bind hostname",
    answer: "address and port are one: `listen: 127.0.0.1:9090`",
  },
  {
    below: ["admin"],
    keys: "password user username secret api_key key auth basic_auth",
    answer: "the operator's secret is `token`",
  },
  {
    below: ["admin"],
    keys: "enabled disabled off",
    answer: "`main_port: off` takes the operator's pages off the main port",
  },
  // A route.
  {
    below: [ROUTE],
    keys: "prefix path_prefix location pattern uri route rule match matcher matchers endpoint paths listen_path path_regexp regex",
    answer: "what is matched is `path`; everything below /api is `path: /api/*`",
    means: "path",
  },
  {
    below: [ROUTE],
    keys: "host hosts server_name server_names domain domains hostname",
    answer:
      "routes are not matched by host yet, only by `path` and `methods`; to send backends their own Host, write `preserve_host: false`",
  },
  { below: [ROUTE], keys: "verb verbs http_method http_methods", answer: "that is `methods`" },
  {
    below: [ROUTE],
    keys: "url urls proxy_pass proxy reverse_proxy upstream upstreams service services server servers target targets endpoints nodes to load_balancer loadbalancer destination dest forward_to upstream_url backend_url cluster address proxy_to",
    answer: "where requests go is `backends`, a list of URLs",
    means: "backends",
  },
  {
    below: [ROUTE, TOP],
    keys: "lb lb_policy lb_method load_balancing load_balance strategy algorithm policy least_conn",
    answer: "that is `balance`; the only one yet is round robin, by each backend's `weight`",
  },
  {
    below: [ROUTE, TOP],
    keys: "sticky sticky_session sticky_sessions ip_hash session session_affinity persistence hash_on",
    answer: "there are no sticky sessions yet; requests are balanced one by one",
  },
  {
    below: [ROUTE],
    keys: "strip_prefix strip_path strip_uri rewrite rewrites replace_path add_prefix url_pattern path_rewrite uri_strip_prefix",
    answer:
      "paths cannot be rewritten yet; a backend gets the request's path, after the base path of its own URL if that has one",
  },
  {
    below: [ROUTE],
    keys: "timeout connect_timeout read_timeout write_timeout idle_timeout exchange_timeout send_timeout proxy_read_timeout proxy_send_timeout proxy_connect_timeout request_timeout response_timeout",
    answer: "a route's timeouts are `timeouts: { request, response, idle, exchange }`",
  },
  {
    below: [ROUTE],
    keys: "client_max_body_size max_request_body_size body_limit max_body request_body_limit",
    answer: "the largest request body is `max_body_size`",
  },
  {
    below: [ROUTE],
    keys: "ssl https insecure skip_verify tls_skip_verify insecure_skip_verify ssl_verify proxy_ssl_verify",
    answer:
      "settings for https backends are under `tls`, like `tls: { server_name: api.example.com }`",
  },
  {
    below: [ROUTE],
    keys: "websocket websockets ws enable_websocket upgrade",
    answer: "WebSocket connections pass by themselves; leave it out",
  },
  {
    below: [ROUTE],
    keys: "priority order",
    answer: "the most specific path wins, whatever the order",
  },
  {
    below: [ROUTE, BACKEND],
    keys: "name id label labels tags description comment",
    answer: "routes go by their path and backends by their URL; for a note, write a comment with #",
  },
  {
    below: [ROUTE],
    keys: "pass_host_header host_header preserve_host_header",
    answer: "that is `preserve_host`",
  },
  // A backend.
  {
    below: [BACKEND],
    keys: "host address addr server target uri hostname ip dial",
    answer: "a backend is its `url`, like http://localhost:9001",
    means: "url",
  },
  {
    below: [BACKEND],
    keys: "port scheme protocol path base_path",
    answer: "that is part of `url`, like http://localhost:9001/base",
  },
  {
    below: [BACKEND],
    keys: "max_conns max_connections maxconn max_requests",
    answer: "that is `max_in_flight`",
  },
  {
    below: [BACKEND],
    keys: "max_fails fail_timeout check fall rise health_check health",
    answer: "checks are set for a whole route or for all, by `health_check`",
  },
  {
    below: [BACKEND],
    keys: "backup down disabled enabled slow_start priority",
    answer: "there are no spare backends yet; each takes its share by `weight`",
  },
  {
    below: [BACKEND],
    keys: "timeout timeouts connect_timeout tls ssl rate_limit preserve_host",
    answer: "that is set for a whole route, next to `backends`",
  },
  // TLS towards backends.
  {
    below: ["routes.tls"],
    keys: "cert cert_file crt client_cert client_certificate certificate_file",
    answer: "that is `certificate`",
  },
  { below: ["routes.tls"], keys: "key_file private_key client_key", answer: "that is `key`" },
  {
    below: ["routes.tls"],
    keys: "ca_file ca_cert cacert root_ca root_cas trusted_ca trust",
    answer: "that is `ca`",
  },
  { below: ["routes.tls"], keys: "sni servername host hostname", answer: "that is `server_name`" },
  {
    below: ["routes.tls"],
    keys: "verify insecure skip_verify tls_skip_verify ssl_verify enabled",
    answer:
      "https backends are verified by themselves; `insecure_skip_verify: true` turns that off",
  },
  {
    below: ["routes.timeouts", "server.timeouts"],
    keys: "connect dial connection",
    answer: "connecting counts towards `response`",
  },
];

/** Keys that stand for one thing wherever they are written, so that their place can be named. */
const UNMISTAKABLE = new Set(
  `server admin logging health_check cors rate_limiting routes backends rate_limit preserve_host port
  shutdown_timeout trusted_proxies max_body_size buffer_size max_message_size send_forwarded database
  level retention burst requests_per_second weight interval unhealthy_after healthy_after
  allowed_origins allowed_methods allowed_headers exposed_headers allow_credentials
  insecure_skip_verify main_port token`.split(/\s+/),
);

const HINTS = new Map<string, KeyHint>(
  FOREIGN.flatMap(({ below, keys, answer, means }) =>
    below.flatMap((place) =>
      keys.split(" ").map((key) => [`${place} ${plainForm(key)}`, { answer, means }] as const),
    ),
  ),
);

/** What is known of the keys of other gateways. */
export const keyHints: KeyHints = {
  hintFor: (key, trail) => HINTS.get(`${trail.join(".")} ${plainForm(key)}`),
  // The same word at the top and in a route are two things: `host` of the server and of a request.
  isUnmistakable: (key, trail) => UNMISTAKABLE.has(key) || (key === "host" && trail.length === 0),
};
