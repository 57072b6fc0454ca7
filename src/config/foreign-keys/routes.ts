import type { ForeignKeys } from "./foreign-keys.ts";

const TOP = "";
const ROUTE = "routes";
const BACKEND = "routes.backends";
const COMPRESS = "routes.compress";

/** Keys in routes and in their backends. */
export const foreignInRoutes: readonly ForeignKeys[] = [
  // A route.
  {
    below: [ROUTE],
    keys: "prefix path_prefix location pattern uri route rule match matcher matchers endpoint paths listen_path path_regexp regex",
    answer: "requests are matched by `path`; everything below /api is `path: /api/*`",
    means: "path",
  },
  {
    below: [ROUTE],
    keys: "server_name server_names domain domains hostname hostnames virtual_host",
    answer: "that is `hosts`",
    means: "hosts",
  },
  {
    below: [ROUTE],
    keys: "weight",
    answer: "a weight belongs to a backend, like `{ url: http://localhost:9001, weight: 2 }`",
  },
  { below: [ROUTE], keys: "verb verbs http_method http_methods", answer: "that is `methods`" },
  {
    below: [ROUTE],
    keys: "url urls proxy_pass reverse_proxy upstreams service services server servers target targets endpoints nodes to load_balancer loadbalancer destination dest forward_to upstream_url backend_url cluster address proxy_to",
    answer: "requests go to `backends`, a list of URLs, or to a named `upstream`",
    means: "backends",
  },
  {
    below: [ROUTE, TOP],
    keys: "lb lb_policy lb_method load_balancing load_balance strategy algorithm policy least_conn",
    answer:
      "that is `balance`; round_robin, least_requests, fastest, random or { hash: client_ip }, each by the backends' `weight`",
    means: "balance",
  },
  {
    below: [ROUTE, TOP],
    keys: "ip_hash hash_on hash hash_policy",
    answer:
      'that is `balance: { hash: client_ip }`, or a text like `{ hash: "{header.x-tenant}" }`',
    means: "balance",
  },
  {
    below: [ROUTE, TOP],
    keys: "sticky_session sticky_sessions stickiness session session_affinity persistence affinity session_persistence",
    answer: "clients stay with their backend by `sticky`, like `sticky: true`",
    means: "sticky",
  },
  {
    below: [ROUTE],
    keys: "strip_path strip_uri uri_strip_prefix strip_path_prefix handle_path",
    answer: "that is `strip_prefix`, like `strip_prefix: /api`",
    means: "strip_prefix",
  },
  {
    below: [ROUTE],
    keys: "rewrites rewrite_path url_rewrite path_rewrite replace_path replace_path_regex set_path add_prefix prefix_rewrite url_pattern",
    answer:
      "that is `rewrite`, a path with placeholders, like `rewrite: /v2/users/{path.id}`; a path before all others is that of a backend's URL",
    means: "rewrite",
  },
  {
    below: [ROUTE],
    keys: "host_rewrite rewrite_host host_header set_host proxy_host upstream_host",
    answer: "that is `host`, like `host: users.internal`",
    means: "host",
  },
  {
    below: [ROUTE],
    keys: "timeout read_timeout write_timeout idle_timeout exchange_timeout send_timeout proxy_read_timeout proxy_send_timeout request_timeout response_timeout",
    answer: "a route's timeouts are `timeouts: { request, response, idle, exchange }`",
  },
  {
    below: [ROUTE],
    keys: "proxy_connect_timeout dial_timeout",
    answer: "that is `connect_timeout`",
    means: "connect_timeout",
  },
  {
    below: [ROUTE],
    keys: "http_proxy https_proxy egress_proxy egress forward_proxy outbound_proxy",
    answer: "an egress proxy is `proxy`, like `proxy: http://egress:3128`",
    means: "proxy",
  },
  {
    below: [ROUTE],
    keys: "http2 h2 h2c http3 quic grpc proxy_http_version http_version app_protocol alpn",
    answer:
      "the version of HTTP to backends is `protocol`: http1, http2, http3 or auto; gRPC needs http2",
    means: "protocol",
  },
  {
    below: [ROUTE],
    keys: "slowstart warmup warm_up ramp_up slow_start_window slow_start_config",
    answer: "that is `slow_start`, like `slow_start: 30s`",
    means: "slow_start",
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
    answer:
      "WebSocket connections pass through without a setting; `upgrades: []` of a route refuses them",
  },
  {
    below: [ROUTE],
    keys: "query_params querystring query_string query_parameters query_param",
    answer: "that is `query`",
    means: "query",
  },
  {
    below: [ROUTE],
    keys: "cookie cookies",
    answer:
      'cookies are matched as a field, like `headers: { cookie: { matches: "(^|; )beta=1(;|$)" } }`',
  },
  {
    below: [ROUTE],
    keys: "when conditions predicates",
    answer:
      "conditions are keys of the route: `hosts`, `methods`, `headers`, `query` and `clients`",
  },
  {
    below: [ROUTE],
    keys: "client_ip client_ips source_ip source_ips remote_ip remote_addr client",
    answer: "that is `clients`",
    means: "clients",
  },
  {
    below: [ROUTE],
    keys: "enabled disabled active",
    answer: "every route in the file is in use; comment it out to turn it off",
  },
  {
    below: [ROUTE],
    keys: "order",
    answer:
      "the most specific route wins, whatever the order; `priority` decides what that leaves open",
  },
  {
    below: [ROUTE],
    keys: "id label route_id",
    answer: "that is `name`",
    means: "name",
  },
  {
    below: [ROUTE, BACKEND],
    keys: "tags description comment",
    answer: "for a note, write a comment with #",
  },
  {
    below: [BACKEND],
    keys: "name id",
    answer: "backends are named by their URL; for a note, write a comment with #",
  },
  {
    below: [ROUTE],
    keys: "pass_host_header preserve_host_header",
    answer: "that is `preserve_host`",
  },
  {
    below: [ROUTE],
    keys: "retries max_retries retry_policy num_retries retry_count proxy_next_upstream proxy_next_upstream_tries",
    answer:
      "that is `retry`: how many attempts there are in all, like `retry: 3`, or `{ attempts, on, ... }`",
    means: "retry",
  },
  {
    below: [ROUTE],
    keys: "per_try_timeout try_timeout lb_try_duration proxy_next_upstream_timeout",
    answer: "that is `attempt_timeout` of `retry`",
  },
  { below: [ROUTE], keys: "hedge_policy hedging", answer: "that is `hedge`", means: "hedge" },
  {
    below: ["routes.retry"],
    keys: "retry_on conditions status codes statuses unless_status on_status",
    answer: "that is `on`, like `on: [connect, 503]`",
  },
  {
    below: ["routes.retry"],
    keys: "num_retries max_retries retries count max_attempts tries",
    answer: "that is `attempts`, the first one included: three retries are `attempts: 4`",
    means: "attempts",
  },
  {
    below: ["routes.retry"],
    keys: "per_try_timeout try_timeout timeout",
    answer: "that is `attempt_timeout`",
  },
  {
    below: ["routes.retry"],
    keys: "interval initial_interval retry_back_off base_interval delay try_interval wait",
    answer: "that is `backoff`, the longest pause before the first retry",
  },
  {
    below: ["routes.retry"],
    keys: "max_request_body_bytes request_buffer_size body_limit",
    answer: "that is `max_body`",
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
    keys: "port scheme path base_path",
    answer: "that is part of `url`, like http://localhost:9001/base",
  },
  {
    below: [BACKEND],
    keys: "protocol proxy",
    answer: "that is set for all backends of a route, next to `backends`",
  },
  {
    below: [BACKEND],
    keys: "max_waiting wait_timeout queue max_queue maxqueue",
    answer: "requests wait for all backends together: `max_waiting` is set next to `backends`",
  },
  {
    below: [ROUTE],
    keys: "queue max_queue max_pending_requests max_pending queue_timeout queue_size",
    answer: "requests wait for a place where `max_waiting` says how many may, for `wait_timeout`",
  },
  {
    below: [BACKEND],
    keys: "max_conns max_connections maxconn max_requests",
    answer: "that is `max_in_flight`",
  },
  {
    below: [BACKEND],
    keys: "max_fails fail_timeout",
    answer:
      "failed requests are counted by `ejection`, for all backends together, like `ejection: { failures: 3, for: 10s }`",
  },
  {
    below: [BACKEND],
    keys: "check fall rise health_check health",
    answer: "checks are set for a whole route or for all, by `health_check`",
  },
  {
    below: [BACKEND],
    keys: "standby reserve fallback priority",
    answer: "a backend that only gets requests while the others are down has `backup: true`",
    means: "backup",
  },
  {
    below: [BACKEND],
    keys: "label metadata meta zone region",
    answer: "names and values for the operator are `labels`, like `labels: { zone: a }`",
    means: "labels",
  },
  {
    below: [BACKEND],
    keys: "down disabled enabled",
    answer: "every backend in the list is in use; comment it out to turn it off",
  },
  {
    below: [BACKEND],
    keys: "slow_start balance sticky",
    answer: "that is set for all backends together, next to `backends`",
  },
  {
    below: [BACKEND],
    keys: "timeout timeouts connect_timeout tls ssl rate_limit preserve_host",
    answer: "that is set for a whole route, next to `backends`",
  },
  // TLS to backends.
  {
    below: ["routes.tls"],
    keys: "certificates acme client_certificates min_version redirect port",
    answer: "a route's `tls` is for https backends; TLS for clients is `server.tls`",
  },
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
    answer: "https backends are verified by default; `insecure_skip_verify: true` turns that off",
  },
  {
    below: ["routes.timeouts", "server.timeouts"],
    keys: "connect dial connection",
    answer: "connecting counts towards `response`",
  },
  // Compression.
  {
    below: [COMPRESS],
    keys: "min_length minimum_length gzip_min_length minimum_size minimum_response_body_bytes threshold min_bytes",
    answer: "that is `min_size`",
    means: "min_size",
  },
  {
    below: [COMPRESS],
    keys: "mime_types content_types content_type included_content_types gzip_types match",
    answer: "that is `types`",
    means: "types",
  },
  {
    below: [COMPRESS],
    keys: "encodings codings formats prefer compressors gzip br brotli zstd",
    answer: "that is `algorithms`, like `algorithms: [zstd, gzip]`",
    means: "algorithms",
  },
  {
    below: [COMPRESS],
    keys: "level comp_level compression_level gzip_comp_level quality",
    answer: "each algorithm has its own in `levels`, like `levels: { gzip: 6 }`",
    means: "levels",
  },
];
