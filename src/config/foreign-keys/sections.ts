import type { ForeignKeys } from "./foreign-keys.ts";

const TOP = "";
const ROUTE = "routes";
const CHECKS = ["health_check", "routes.health_check"];
const CORS = ["cors", "routes.cors"];
const LIMITS = ["rate_limiting", "routes.rate_limit"];

/** Keys in sections, or instead of them. */
export const foreignInSections: readonly ForeignKeys[] = [
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
    keys: "logs logging access_log log_level",
    answer:
      "which requests of a route are logged is `log`; there is one `logging`, at the top level",
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
    answer: "how much is kept is set by `retention: { max_age, max_size }`",
  },
  {
    below: [TOP, "server", ROUTE],
    keys: "redact redaction mask masking scrub sanitize filter_parameters hide sensitive sensitive_headers",
    answer: "what the log must not have is `logging.redact`, like `redact: { query: [ticket] }`",
  },
  {
    below: ["logging.redact"],
    keys: "params parameters query_params query_parameters queries arguments args",
    answer: "that is `query`, the names of parameters",
    means: "query",
  },
  {
    below: ["logging.redact"],
    keys: "fields header request_headers",
    answer: "that is `headers`, the names of request fields",
    means: "headers",
  },
  {
    below: ["logging.redact"],
    keys: "cookies cookie body bodies json response_headers",
    answer: "cookies, content and the fields of answers are never logged; leave it out",
  },
  {
    below: ["logging.redact"],
    keys: "replacement replace_with mask placeholder",
    answer: "the value is always replaced by [redacted]; leave it out",
  },
  // Rate limits.
  {
    below: [TOP, "server"],
    keys: "rate_limit rate_limits ratelimit throttle throttling limit limits limit_req limit_req_zone rate_limiter rate_limit_options",
    answer: "the limit for all routes together is `rate_limiting`",
  },
  {
    below: [ROUTE],
    keys: "rate_limits rate_limiting throttle throttling limit limits limit_req rate_limiter local_ratelimit rate qos max_rate",
    answer:
      "a route's limits are `rate_limit`, like `rate_limit: 50` or `rate_limit: { rate: 10/s, burst: 20, key: client_ip }`",
  },
  {
    below: LIMITS,
    keys: "rps limit requests max requests_per_unit average per_second max_rate capacity requests_per_minute minute second hour events",
    answer: "the rate is `rate`, which takes 600/m too",
    means: "rate",
  },
  {
    below: LIMITS,
    keys: "period window window_size window_ms per unit interval fill_interval every duration refill_rate",
    answer: "the time is part of the rate: `rate: 600/m`",
  },
  {
    below: LIMITS,
    keys: "by per_client strategy scope source source_criterion limit_by limit_by_header zone descriptors header_name identifier",
    answer:
      'what a limit counts is `key`: all, client_ip or a text like "{header.x-tenant}" or "{auth.subject}"',
    means: "key",
  },
  {
    below: LIMITS,
    keys: "whitelist allowlist whitelist_ips ip_whitelist exclude excluded except exception exceptions skip bypass ignore exempted exemptions",
    answer:
      "clients that a limit does not count are listed in `exempt`, like `exempt: [10.0.0.0/8]`",
    means: "exempt",
  },
  {
    below: LIMITS,
    keys: "nodelay delay no_delay action mode overflow on_exceeded exceeded_action on_limit queue throttle smooth",
    answer:
      "a request above the limit gets a 429; with `when_exceeded: delay` it waits for up to `max_delay`",
    means: "when_exceeded",
  },
  {
    below: LIMITS,
    keys: "burst_size max_burst burst_capacity bucket_size max_tokens tokens depth",
    answer: "how many requests may come at once is `burst`",
    means: "burst",
  },
  {
    below: LIMITS,
    keys: "weight points hits_addend tokens_per_request",
    answer: "how much one request counts for is `cost`",
    means: "cost",
  },
  {
    below: LIMITS,
    keys: "max_wait wait wait_timeout queue_timeout timeout",
    answer: "how long a request waits with `when_exceeded: delay` is `max_delay`",
    means: "max_delay",
  },
  {
    below: LIMITS,
    keys: "status status_code rejected_code limit_req_status response_code error_code error_message message",
    answer: "a request above the limit gets a 429 with Retry-After; nothing about it can be set",
  },
  {
    below: LIMITS,
    keys: "hide_client_headers headers standard_headers legacy_headers response_headers",
    answer: "the RateLimit fields are always sent; `response` of a route can remove them",
  },
  {
    below: LIMITS,
    keys: "policy storage store backend redis redis_host redis_port redis_url redis_password redis_database redis_ssl redis_timeout sync_rate fault_tolerant shared distributed cluster",
    answer:
      "gateways share all their limits by `store` at the top, like `store: redis://host:6379`",
  },
  {
    below: ["logging"],
    keys: "mask masks masking scrub sanitize filter filters sensitive secrets hide redacted redaction obfuscate filter_parameters sensitive_headers sensitive_params",
    answer: "names whose values are kept out of rows and lines are listed in `redact`",
    means: "redact",
  },
  // Health checks.
  {
    below: [TOP, "server", ROUTE],
    keys: "health healthchecks probe probes check checks liveness readiness liveness_probe active_health_check health_uri health_path health_interval health_timeout health_status health_port",
    answer: "health checks are set by `health_check`",
  },
  {
    below: CHECKS,
    keys: "uri url endpoint http_path health_path request",
    answer: "the page that is requested is `path`, on the backend's own host and port",
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
    below: [TOP, "server", ROUTE],
    keys: "origin origins allow_origin allow_origins access_control_allow_origin",
    answer: "that is `cors.allowed_origins`",
  },
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
];
