import type { ForeignKeys } from "./foreign-keys.ts";

const ANYWHERE = ["", "server", "routes"];

/** Keys about answers, and about how content passes. */
export const foreignInAnswers: readonly ForeignKeys[] = [
  {
    below: ANYWHERE,
    keys: "error_page error_pages errors errorfile errorfiles handle_errors custom_errors intercept_errors proxy_intercept_errors http_errors local_reply_config",
    answer:
      "errors cannot be given pages yet: the gateway's own are problem documents (RFC 9457), and those of backends pass as they are",
  },
  {
    below: ANYWHERE,
    keys: "buffering proxy_buffering proxy_buffers proxy_request_buffering request_buffering response_buffering flush_interval response_forwarding output_encoding",
    answer: "requests and answers pass through as they come, and nothing waits; leave it out",
  },
  {
    below: ANYWHERE,
    keys: "expires cache_control",
    answer:
      'for how long clients may keep an answer is a field: `response: { headers: { set: { cache-control: "max-age=3600" } } }`',
    means: "response",
  },
  {
    below: ANYWHERE,
    keys: "proxy_redirect proxy_cookie_domain proxy_cookie_path replace_location rewrite_location",
    answer:
      "the parts of Location and Set-Cookie are not changed; backends get X-Forwarded-Host, -Proto and -Prefix to make them by",
  },
  {
    below: ANYWHERE,
    keys: "sub_filter replace_response body_transform",
    answer:
      "of the content, only JSON can be changed, by `response: { json: { set, remove, rename } }`",
  },
  {
    below: ANYWHERE,
    keys: "limit_rate rate_limit_bytes bandwidth proxy_limit_rate",
    answer: "bandwidth cannot be limited; the number of requests is, by `rate_limit` of a route",
  },
  {
    below: ANYWHERE,
    keys: "correlation_id request_id_header",
    answer:
      'backends and clients get each request\'s id as X-Request-Id; leave it out, or copy it: `request: { headers: { set: { x-correlation-id: "{request.id}" } } }`',
  },
  {
    below: ANYWHERE,
    keys: "internal_redirect_policy follow_redirects",
    answer: "redirects of backends are passed on to the client; the gateway follows none",
  },
  {
    below: ANYWHERE,
    keys: "grpc_web grpc_transcoder grpc_json_transcoder",
    answer: "gRPC passes through as it is, and is not translated",
  },
];
