import type { ForeignKeys } from "./foreign-keys.ts";

const TOP = "";
const ANYWHERE = [TOP, "server", "routes"];

/** What gateways do, wherever it is written: at the top level, in `server` and in routes. */
export const foreignAnywhere: readonly ForeignKeys[] = [
  {
    below: ANYWHERE,
    keys: "middleware middlewares plugin plugins policies filters http_filters extra_config handlers directives",
    answer:
      "there are no plugins yet; what a route does is a key of its own, like `cors`, `rate_limit`, `retry`, `cache` or `request`",
  },
  {
    below: ANYWHERE,
    keys: "header proxy_set_header proxy_hide_header request_headers response_headers add_header set_headers remove_headers header_up header_down custom_request_headers custom_response_headers request_headers_to_add request_headers_to_remove response_headers_to_add response_headers_to_remove http_request http_response request_header_modifier response_header_modifier request_transformer response_transformer",
    answer:
      "fields are changed by `request: { headers: { set, add, remove } }` of a route, and by `response` in the same way",
  },
  {
    below: ANYWHERE,
    keys: "circuit_breakers breaker",
    answer:
      "that is `circuit_breaker` of a route or an upstream, like `circuit_breaker: { failure_ratio: 50% }`",
  },
  {
    below: ANYWHERE,
    keys: "outlier_detection outlier passive passive_health passive_health_check passive_health_checks",
    answer:
      "backends at which requests fail are taken out by `ejection` of a route or an upstream, like `ejection: true`",
  },
  {
    below: ANYWHERE,
    keys: "caching proxy_cache proxy_cache_path proxy_cache_valid proxy_cache_methods proxy_cache_min_uses cache_ttl http_cache",
    answer: "that is `cache` of a route, like `cache: true` or `cache: { ttl: 1m }`",
  },
  {
    below: ANYWHERE,
    keys: "proxy_cache_use_stale proxy_cache_background_update proxy_cache_revalidate",
    answer:
      "stale answers stand in for errors by `stale_if_error` of `cache`; they are used while they are renewed where answers say `stale-while-revalidate` in their Cache-Control, which `response: { headers: { set } }` of the route can make them say",
  },
  {
    below: ANYWHERE,
    keys: "proxy_cache_key cache_key",
    answer:
      "what tells requests apart besides the URL and `Vary` is `vary_by` of `cache`, like `vary_by: [accept-language]`",
  },
  {
    below: ANYWHERE,
    keys: "proxy_cache_lock",
    answer: "while an answer is fetched for `cache`, other requests for it wait; leave it out",
  },
  {
    below: ANYWHERE,
    keys: "proxy_cache_bypass proxy_no_cache",
    answer:
      "requests that are not to be cached have a route of their own, by their `headers` or `query`, with `cache: false`",
  },
  {
    below: ANYWHERE,
    keys: "compression compressor gzip gzip_types gzip_comp_level brotli zstd encode deflate",
    answer: "answers are compressed by `compress` of a route, like `compress: true`",
  },
  {
    below: ANYWHERE,
    keys: "prometheus statsd stats monitoring status_page",
    answer: "metrics for Prometheus are at /metrics on the operator's port, see `metrics`",
  },
  {
    below: [TOP, "server"],
    keys: "trace",
    answer:
      "traces are sent by `tracing` at the top, and decisions kept by `logging.trace`, or `trace` of a route or of `defaults`",
  },
  {
    below: ANYWHERE,
    keys: "opentelemetry otel otlp zipkin jaeger telemetry datadog",
    answer: "traces are sent by `tracing` at the top, like `tracing: http://127.0.0.1:4318`",
  },
  {
    below: ANYWHERE,
    keys: "mirrors mirroring shadow traffic_mirror request_mirror request_mirror_policies",
    answer:
      "copies of requests are sent by `mirror` of a route, like `mirror: { upstream: shadow, percent: 10% }`",
  },
  {
    below: ANYWHERE,
    keys: "traffic_split canary weighted weighted_clusters split_clients experiments",
    answer:
      "traffic is divided between `upstreams` by `split` of a route, like `split: [{ upstream: v2, weight: 5 }, …]`",
  },
  {
    below: ANYWHERE,
    keys: "max_concurrency max_concurrent_requests in_flight_req bulkhead concurrency_limit",
    answer:
      "requests in flight are limited by `server.max_in_flight`, for a route by `concurrency`, and for a backend by its `max_in_flight`",
  },
  {
    below: ANYWHERE,
    keys: "waf modsecurity",
    answer:
      "what requests must look like is said by `validate` of a route, with a JSON Schema or an OpenAPI document",
  },
  {
    below: ANYWHERE,
    keys: "allow_encoded_slashes allow_encoded_slash allowencodedslashes path_with_escaped_slashes_action",
    answer: "that is `encoded_slashes`, in `server` or in a route",
  },
  {
    below: ANYWHERE,
    keys: "merge_slashes normalize_path path_normalization path_as_is",
    answer:
      "paths are always normalized for matching; with `preserve_path: true` in a route, its backends get them as they came",
  },
  {
    below: [TOP, "server"],
    keys: "log_body",
    answer: "that is `log_body` of a route, or of `defaults`",
  },
  {
    below: ANYWHERE,
    keys: "body_log log_request_body log_response_body capture",
    answer: "the beginnings of contents are kept with `log_body` in a route, or in `defaults`",
  },
  {
    below: ANYWHERE,
    keys: "log_headers",
    answer:
      "rows keep the fields of requests and answers with their decision traces: docs/sight.md",
  },
  {
    below: [TOP, "server"],
    keys: "redis redis_url redis_host redis_server redis_port redis_password redis_address redis_cluster redis_sentinel redis_service valkey rate_limit_service ratelimit_service distributed shared_limits backend_store storage",
    answer:
      "what gateways share by a Redis server is `store: redis://host:6379`, or `store: { redis, timeout, on_error }`",
  },
  {
    below: [TOP, "server"],
    keys: "memcached shared_memory lua_shared_dict cluster_sync zone_sync",
    answer:
      "each gateway counts in its own memory; limits of several gateways are one with `store: redis://host:6379`",
  },
  {
    below: ["routes"],
    keys: "store redis redis_url redis_host",
    answer: "there is one `store`, at the top level",
  },
  {
    below: ["store"],
    keys: "url uri address addresses addr endpoint endpoints server servers redis_url redis_host host hosts hostname port socket unix database db redis_database password redis_password username user redis_username auth",
    answer:
      "the server is one URL, with user, password and database in it: `redis: redis://user:password@host:6379/0`",
    means: "redis",
  },
  {
    below: ["store"],
    keys: "ssl redis_ssl use_tls",
    answer: "TLS is used for a URL that begins with rediss://; `tls` has its `ca` and the rest",
  },
  {
    below: ["store"],
    keys: "redis_timeout read_timeout write_timeout connect_timeout dial_timeout socket_timeout",
    answer: "that is `timeout`, for all of what a request may wait",
    means: "timeout",
  },
  {
    below: ["store"],
    keys: "fault_tolerant failure_mode_deny failure_mode fail_open fail_closed on_failure fallback policy",
    answer: "that is `on_error: local`, or allow, or deny",
    means: "on_error",
  },
  {
    below: ["store"],
    keys: "key_prefix namespace sync_rate pool_size max_idle max_active max_retries keepalive keepalive_pool_size",
    answer:
      "keys begin with `prefix`; there is one connection, which is opened again when it breaks",
  },
  {
    below: ANYWHERE,
    keys: "redirects redir redirect_to redirect_scheme redirect_regex request_redirect permanent",
    answer: "a route's redirect is `redirect`, like `redirect: https://example.com{request.path}`",
  },
  {
    below: ANYWHERE,
    keys: "return static_response direct_response fixed_response request_termination status",
    answer:
      "a route's fixed answer is `respond`, like `respond: 404` or `respond: { status: 503, body: back soon }`",
  },
  {
    below: ANYWHERE,
    keys: "static file_server root try_files php_fastcgi fastcgi_pass alias",
    answer: "the gateway serves no files; leave that to a backend",
  },
];
