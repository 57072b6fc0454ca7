import type { ForeignKeys } from "./foreign-keys.ts";

const ROUTE = "routes";
const BACKEND = "routes.backends";

/** Keys in routes. What is about backends is in backends.ts. */
export const foreignInRoutes: readonly ForeignKeys[] = [
  // A route.
  {
    below: [ROUTE],
    keys: "prefix path_prefix location pattern uri route rule match matcher matchers endpoint listen_path path_regexp regex matches",
    answer: "requests are matched by `path`; everything below /api is `path: /api/*`",
    means: "path",
  },
  {
    below: [ROUTE],
    keys: "paths",
    answer: "a route has one `path`; write a route for each, with the same `upstream`",
    means: "path",
  },
  {
    below: [ROUTE],
    keys: "snis server_name server_names domain domains hostname hostnames virtual_host",
    answer: "that is `hosts`",
    means: "hosts",
  },
  {
    below: [ROUTE],
    keys: "weight",
    answer: "a weight belongs to a backend, like `{ url: http://localhost:9001, weight: 2 }`",
  },
  {
    below: [ROUTE],
    keys: "observability tracing_policy trace_policy trace_level debug_trace",
    answer:
      "which requests keep their decisions is said by `trace`, like `trace: all`; which have rows, by `log`",
    means: "trace",
  },
  { below: [ROUTE], keys: "verb verbs http_method http_methods", answer: "that is `methods`" },
  {
    below: [ROUTE],
    keys: "url urls proxy_pass reverse_proxy upstreams service services server servers target targets endpoints nodes to load_balancer loadbalancer destination dest forward_to upstream_url backend_url cluster address proxy_to use_backend default_backend",
    answer: "requests go to `backends`, a list of URLs, or to a named `upstream`",
    means: "backends",
  },
  {
    below: [ROUTE],
    keys: "strip_prefix_regex strip_path strip_uri uri_strip_prefix strip_path_prefix handle_path",
    answer: "that is `strip_prefix`, like `strip_prefix: /api`",
    means: "strip_prefix",
  },
  {
    below: [ROUTE],
    keys: "rewrites rewrite_path url_rewrite path_rewrite replace_path replace_path_regex regex_rewrite rewrite_target set_path prefix_rewrite url_pattern",
    answer: "that is `rewrite`, a path with placeholders, like `rewrite: /v2/users/{path.id}`",
    means: "rewrite",
  },
  {
    below: [ROUTE],
    keys: "host_rewrite host_rewrite_literal rewrite_host host_header set_host proxy_host upstream_host",
    answer: "that is `host`, like `host: users.internal`",
    means: "host",
  },
  {
    below: [ROUTE],
    keys: "timeout read_timeout write_timeout idle_timeout exchange_timeout send_timeout proxy_read_timeout proxy_send_timeout request_timeout response_timeout backend_request max_stream_duration",
    answer:
      "a route's timeouts are `timeouts: { request, response, idle, exchange }`; `exchange` is for all of it",
  },
  {
    below: [ROUTE],
    keys: "client_max_body_size max_request_body_size body_limit max_body request_body_limit request_body request_size_limiting",
    answer: "the largest request body is `max_body_size`",
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
    below: [ROUTE],
    keys: "pass_host_header preserve_host_header auto_host_rewrite",
    answer: "that is `preserve_host`",
  },
  {
    below: [ROUTE],
    keys: "retries max_retries retry_policy num_retries retry_count lb_retries proxy_next_upstream proxy_next_upstream_tries",
    answer:
      "that is `retry`: how many attempts there are in all, like `retry: 3`, or `{ attempts, on, ... }`",
    means: "retry",
  },
  {
    below: [ROUTE],
    keys: "per_try_timeout try_timeout",
    answer: "that is `attempt_timeout` of `retry`",
  },
  {
    below: [ROUTE],
    keys: "lb_try_duration proxy_next_upstream_timeout",
    answer: "the time for all attempts together is `exchange` of `timeouts`",
  },
  {
    below: [ROUTE],
    keys: "retry_on",
    answer: "that is `on` of `retry`, like `retry: { on: [connect, 503] }`",
    means: "retry",
  },
  {
    below: [ROUTE],
    keys: "lb_try_interval retry_back_off",
    answer: "that is `backoff` of `retry`",
    means: "retry",
  },
  {
    below: [ROUTE],
    keys: "retry_budget",
    answer: "that is `budget` of `retry`, like `retry: { attempts: 3, budget: 20% }`",
    means: "retry",
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
  {
    below: [ROUTE],
    keys: "add_prefix",
    answer:
      "that is `rewrite: /prefix{request.path}`; a path before all others is that of a backend's URL",
    means: "rewrite",
  },
  {
    below: [ROUTE],
    keys: "limit_conn max_connections connection_limit",
    answer:
      "requests in progress are limited by `concurrency`, like `concurrency: { limit: 10, key: client_ip }`; those at the backends by `max_in_flight`",
    means: "concurrency",
  },
  {
    below: [ROUTE],
    keys: "concurrent_calls",
    answer: "each request goes to one backend; a second one for slow requests is `hedge`",
  },
  {
    below: [ROUTE],
    keys: "not except",
    answer:
      "conditions are not negated, but for `{ present: false }` of a field; a more specific route takes the exceptions",
  },
];
