import type { ForeignKeys } from "./foreign-keys.ts";

const TOP = "";
const ROUTE = "routes";
const BACKEND = "routes.backends";

/** Keys about backends: in an upstream, in a route that has its own, and in one backend. */
export const foreignInBackends: readonly ForeignKeys[] = [
  // An upstream.
  {
    below: [ROUTE, TOP],
    keys: "lb lb_policy lb_method load_balancing load_balance strategy algorithm policy least_conn least_time",
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
    keys: "ssl https insecure skip_verify tls_skip_verify insecure_skip_verify ssl_verify proxy_ssl_verify",
    answer:
      "settings for https backends are under `tls`, like `tls: { server_name: api.example.com }`",
  },
  {
    below: [BACKEND],
    keys: "name id",
    answer: "backends are named by their URL; for a note, write a comment with #",
  },
  {
    below: [ROUTE],
    keys: "ejections max_fails fail_timeout fail_duration unhealthy_status unhealthy_latency observe on_error error_limit outlier_detector health_passive",
    answer:
      "backends at which requests fail are taken out by `ejection`, like `ejection: { failures: 3, for: 30s }`",
    means: "ejection",
  },
  {
    below: [ROUTE],
    keys: "panic_threshold healthy_panic_threshold common_lb_config all_backends_down",
    answer:
      "what happens while no backend is healthy is `when_none_healthy`, fail or try_all; as long as one is healthy, no others get requests",
    means: "when_none_healthy",
  },
  {
    below: [ROUTE],
    keys: "maxconn max_conns max_requests unhealthy_request_count",
    answer: "that is `max_in_flight`, of the upstream as a whole or of each backend",
    means: "max_in_flight",
  },
  {
    below: [ROUTE],
    keys: "failover backup backups fallback",
    answer: "a backend that only gets requests while the others are down has `backup: true`",
  },
  {
    below: [ROUTE],
    keys: "resolver resolvers dns dynamic dns_lookup_family",
    answer:
      "names of backends are looked up by the system's resolver, again and again; leave it out",
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
    keys: "queue max_queue maxqueue max_pending_requests max_pending queue_timeout timeout_queue queue_size",
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
];
