import type { ForeignKeys } from "./foreign-keys.ts";

const ANYWHERE = ["", "server", "routes"];
const QUOTA = "routes.quota";
const SECURITY = ["security_headers", "routes.security_headers"];

/** Keys about who is kept out, and what browsers are told. */
export const foreignInGuards: readonly ForeignKeys[] = [
  {
    below: ["", "server"],
    keys: "quotas usage_plan usage_plans",
    answer:
      "a quota is `quota` of a route; one for all routes together stands under `defaults`, with a `name`",
  },
  {
    below: ["routes"],
    keys: "quotas quota_max quota_renewal_rate usage_plan usage_plans limit_count",
    answer: "that is `quota`, like `quota: { limit: 100000, per: month }`",
    means: "quota",
  },
  {
    below: [QUOTA],
    keys: "period interval unit window time_unit time_window quota_renewal_rate every duration renew",
    answer: "the period is `per`: day, week or month",
    means: "per",
  },
  {
    below: [QUOTA],
    keys: "max allow requests count quota_max maximum amount number",
    answer: "that is `limit`",
    means: "limit",
  },
  {
    below: [QUOTA],
    keys: "by scope identifier limit_by consumer group_by",
    answer:
      'whose requests are counted together is `key`: subject, all, client_ip, or text like "{auth.claims.org}"',
    means: "key",
  },
  {
    below: [QUOTA],
    keys: "tz zone location",
    answer: "that is `time_zone`",
    means: "time_zone",
  },
  {
    below: ANYWHERE,
    keys: "ip_whitelist ip_allow_list allow_ip allow_ips allowed_ips whitelist allowlist whitelist_source_range allowlist_source_range source_range ip_restriction ip_filter",
    answer:
      "clients are admitted by their address with `allow` of a route, like `allow: [10.0.0.0/8]`, which refuses all others, and refused with `deny`, which wins",
    means: "allow",
  },
  {
    below: ANYWHERE,
    keys: "ip_blacklist ip_deny_list deny_ip deny_ips denied_ips blocked_ips blacklist denylist denylist_source_range",
    answer:
      "clients are refused by their address with `deny` of a route, like `deny: [10.6.6.0/24]`",
    means: "deny",
  },
  {
    below: ANYWHERE,
    keys: "helmet secure_headers security_header sts_seconds frame_deny content_type_nosniff browser_xss_filter x_frame_options x_content_type_options content_security_policy csp referrer_policy permissions_policy server_tokens more_clear_headers hide_server_header",
    answer:
      "fields that tell browsers to be careful, and the removal of `Server` and `X-Powered-By`, are `security_headers`, like `security_headers: true`",
    means: "security_headers",
  },
  {
    below: SECURITY,
    keys: "strict_transport_security sts sts_seconds hsts_max_age",
    answer: "that is `hsts`, like `hsts: 365d`",
  },
  {
    below: SECURITY,
    keys: "content_security_policy",
    answer: "that is `csp`, like `csp: \"default-src 'self'\"`",
  },
  {
    below: SECURITY,
    keys: "x_frame_options frame_deny frameguard frame custom_frame_options_value",
    answer: "that is `frame_options: deny` or `frame_options: sameorigin`",
  },
  {
    below: SECURITY,
    keys: "x_content_type_options content_type_nosniff content_type_options no_sniff",
    answer: "that is `nosniff`",
  },
  {
    below: SECURITY,
    keys: "xss xss_filter browser_xss_filter x_xss_protection xss_protection",
    answer: "browsers have dropped X-XSS-Protection; what scripts may run is `csp`",
  },
  {
    below: SECURITY,
    keys: "hide_powered_by server_tokens remove_server strip",
    answer: "that is `remove`, the names of the fields",
  },
  {
    below: SECURITY,
    keys: "feature_policy",
    answer: 'that is `permissions_policy`, like `permissions_policy: "camera=()"`',
  },
  {
    below: SECURITY,
    keys: "referrer referer referer_policy",
    answer: "that is `referrer_policy`, like `referrer_policy: no-referrer`",
    means: "referrer_policy",
  },
  { below: SECURITY, keys: "coop", answer: "that is `cross_origin_opener_policy`" },
  { below: SECURITY, keys: "coep", answer: "that is `cross_origin_embedder_policy`" },
  { below: SECURITY, keys: "corp", answer: "that is `cross_origin_resource_policy`" },
  {
    below: SECURITY,
    keys: "headers set add custom_response_headers",
    answer: "other fields are set by `response: { headers: { set } }` of a route",
  },
];
