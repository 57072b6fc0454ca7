import type { ForeignKeys } from "./foreign-keys.ts";

const EJECTION = "routes.ejection";
const BREAKER = "routes.circuit_breaker";
const STICKY = "routes.sticky";
const SPLIT = "routes.split";
const MIRROR = "routes.mirror";
const CACHE = "routes.cache";
const COMPRESS = "routes.compress";
const FIELDS = ["routes.request.headers", "routes.response.headers"];
const CHANGES = [...FIELDS, "routes.request.query"];

/** Keys in the sections that steer traffic. */
export const foreignInTraffic: readonly ForeignKeys[] = [
  // Passive health.
  {
    below: [EJECTION],
    keys: "consecutive_5xx consecutive_gateway_failure consecutive_errors consecutive_failures max_fails fails threshold error_limit",
    answer: "that is `failures`, in a row",
    means: "failures",
  },
  {
    below: [EJECTION],
    keys: "base_ejection_time fail_timeout fail_duration ejection_time duration timeout",
    answer: "that is `for`, like `for: 30s`",
    means: "for",
  },
  {
    below: [EJECTION],
    keys: "max_ejection_percent max_ejection max_percent",
    answer: "that is `max_ejected`, like `max_ejected: 50%`",
    means: "max_ejected",
  },
  {
    below: [EJECTION, BREAKER],
    keys: "unhealthy_status statuses status codes http_statuses failures_on",
    answer: "that is `on`, like `on: [connect, timeout, 5xx]`",
    means: "on",
  },
  {
    below: [EJECTION],
    keys: "interval window",
    answer: "failures are counted request by request, not by the time; leave it out",
  },
  // Circuit breakers.
  {
    below: [BREAKER],
    keys: "error_threshold error_rate error_threshold_percentage failure_rate failure_rate_threshold failure_threshold_percentage ratio",
    answer: "that is `failure_ratio`, like `failure_ratio: 50%`",
    means: "failure_ratio",
  },
  {
    below: [BREAKER],
    keys: "threshold max_errors max_failures failures failure_threshold",
    answer: "failures in a row are `consecutive_failures`, their share is `failure_ratio`",
    means: "consecutive_failures",
  },
  {
    below: [BREAKER],
    keys: "expression",
    answer:
      "a breaker opens at a `failure_ratio`, or after `consecutive_failures`; latency opens none",
  },
  {
    below: [BREAKER],
    keys: "timeout sleep_window open_duration wait_duration_in_open_state fallback_duration break_duration reset_timeout for",
    answer: "that is `open_for`, like `open_for: 15s`",
    means: "open_for",
  },
  {
    below: [BREAKER],
    keys: "interval check_period rolling_window sliding_window_size period",
    answer: "that is `window`, like `window: 10s`",
    means: "window",
  },
  {
    below: [BREAKER],
    keys: "request_volume_threshold min_requests minimum_number_of_calls volume_threshold",
    answer: "that is `minimum_requests`",
    means: "minimum_requests",
  },
  {
    below: [BREAKER],
    keys: "half_open_requests permitted_number_of_calls_in_half_open_state success_threshold trials recovery_duration",
    answer: "that is `probes`: so many requests are tried, and must succeed",
    means: "probes",
  },
  {
    below: [BREAKER],
    keys: "max_requests max_connections max_pending_requests max_retries thresholds",
    answer:
      "limits are not part of it: `max_in_flight` and `max_waiting` of the upstream, and `budget` of a route's `retry`",
  },
  // Sticky sessions.
  { below: [STICKY], keys: "name cookie_name", answer: "that is `cookie`", means: "cookie" },
  {
    below: [STICKY],
    keys: "ttl expires expiry lifetime duration",
    answer: "that is `max_age`",
    means: "max_age",
  },
  {
    below: [STICKY],
    keys: "secure http_only httponly",
    answer: "the cookie is HttpOnly, and Secure over https; leave it out",
  },
  {
    below: [STICKY],
    keys: "path domain",
    answer: "the cookie is for every path of the host that set it; leave it out",
  },
  // Splits and mirrors.
  {
    below: [SPLIT, MIRROR],
    keys: "url to backend backends service cluster target host name destination",
    answer:
      "that is `upstream`, the name of an upstream; its URLs are `backends` under `upstreams`",
    means: "upstream",
  },
  {
    below: [SPLIT],
    keys: "percent percentage ratio share",
    answer: "that is `weight`: a whole number, relative to the others",
    means: "weight",
  },
  {
    below: [SPLIT],
    keys: "match matches header headers cookie query condition conditions",
    answer: 'that is `when`, like `when: { header: { x-canary: "1" } }`',
  },
  {
    below: [`${SPLIT}.when`],
    keys: "client clients client_ip methods method path hosts",
    answer:
      "a choice is made by `header`, `cookie` and `query`; for the rest, write a route of its own",
  },
  {
    below: [MIRROR],
    keys: "fraction runtime_fraction weight sample ratio share",
    answer: "that is `percent`, like `percent: 10%`",
    means: "percent",
  },
  {
    below: [MIRROR],
    keys: "max_body_size mirror_body body",
    answer: "requests whose content is at most `max_body` are copied, with it",
    means: "max_body",
  },
  // The cache.
  {
    below: [CACHE],
    keys: "max_age default_ttl valid duration expires expire inactive",
    answer: "that is `ttl`, for answers that say nothing of their freshness",
    means: "ttl",
  },
  {
    below: [CACHE],
    keys: "key cache_key vary headers",
    answer:
      "what tells requests apart besides the URL and `Vary` is `vary_by`, like `vary_by: [accept-language]`",
    means: "vary_by",
  },
  { below: [CACHE], keys: "size memory capacity", answer: "that is `max_size`", means: "max_size" },
  {
    below: [CACHE],
    keys: "stale_while_revalidate swr background_update use_stale stale",
    answer:
      "a stale answer is used while it is renewed where the answer says `stale-while-revalidate` in its Cache-Control, which `response: { headers: { set } }` of the route can make it say; for errors there is `stale_if_error`",
  },
  {
    below: [CACHE],
    keys: "methods method request_method statuses status status_codes response_code content_type",
    answer:
      "answers to GET are stored, if their status and their Cache-Control allow it; leave it out",
  },
  {
    below: [CACHE],
    keys: "path dir directory disk storage redis backend strategy",
    answer: "answers are stored in memory; leave it out",
  },
  {
    below: [CACHE],
    keys: "bypass no_cache skip exclude",
    answer:
      "requests that are not to be cached have a route of their own, by their `headers` or `query`, with `cache: false`",
  },
  // Fields and parameters.
  {
    below: CHANGES,
    keys: "replace override rewrite",
    answer: "that is `set`, which replaces what is there",
    means: "set",
  },
  { below: CHANGES, keys: "append insert", answer: "that is `add`", means: "add" },
  { below: CHANGES, keys: "delete del unset hide", answer: "that is `remove`", means: "remove" },
  {
    below: CHANGES,
    keys: "rename",
    answer:
      'set the new name and remove the old one, like `set: { x-new: "{header.x-old}" }` and `remove: [x-old]`',
  },
  {
    below: ["routes.request", "routes.response"],
    keys: "set add remove header append replace delete",
    answer: "fields are changed by `headers: { set, add, remove }`",
    means: "headers",
  },
  {
    below: ["routes.request"],
    keys: "params querystring query_params parameters",
    answer: "that is `query`",
    means: "query",
  },
  {
    below: ["routes.request", "routes.response"],
    keys: "body content",
    answer: "of the content, only JSON can be changed, by `json: { set, remove, rename }`",
    means: "json",
  },
  {
    below: ["routes.request", "routes.response"],
    keys: "status code path uri method host",
    answer:
      "the path is changed by `rewrite` of the route, the host by `host`; methods and statuses stay as they are",
  },
  // Matching.
  {
    below: ["routes.headers", "routes.query"],
    keys: "exact value equals regex regexp pattern prefix suffix contains invert",
    answer:
      'a value is written as it is, like `"2"`; what begins with it is `{ matches: ^2 }`, a regular expression',
  },
  // Limits, attempts and times.
  {
    below: ["routes.concurrency"],
    keys: "max amount max_concurrent connections",
    answer: "that is `limit`",
    means: "limit",
  },
  {
    below: ["routes.hedge"],
    keys: "delay hedge_on_per_try_timeout initial_requests timeout percentile",
    answer: "that is `after`, like `after: 200ms`",
    means: "after",
  },
  {
    below: ["routes.timeouts"],
    keys: "connect dial connection",
    answer: "that is `connect_timeout` of an upstream, or of a route with `backends`",
  },
  {
    below: ["server.timeouts"],
    keys: "connect dial connection",
    answer: "that is `connect_timeout` of an upstream or a route, or of `defaults` for all of them",
  },
  {
    below: ["routes.timeouts", "server.timeouts"],
    keys: "backend_request read backend server per_try",
    answer: "the time until a backend's header section is `response`",
    means: "response",
  },
  {
    below: ["routes.timeouts", "server.timeouts"],
    keys: "total overall route max_duration",
    answer: "the time for all of it is `exchange`",
    means: "exchange",
  },
  // Fixed answers.
  {
    below: ["routes.redirect"],
    keys: "url location target path uri regex replacement scheme host hostname port",
    answer: "where it leads is `to`, like `to: https://example.com{request.path}`",
    means: "to",
  },
  {
    below: ["routes.redirect", "routes.respond"],
    keys: "code status_code response_code permanent",
    answer: "that is `status`",
    means: "status",
  },
  {
    below: ["routes.respond"],
    keys: "content text message content_type",
    answer: "the content is `body`, and its type a field in `headers`",
    means: "body",
  },
  // Compression.
  {
    below: [COMPRESS],
    keys: "min_length minimum_length gzip_min_length minimum_size minimum_response_body_bytes min_response_body_bytes threshold min_bytes",
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
