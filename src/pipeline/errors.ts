/** Who caused an error. */
export type ErrorSource = "client" | "backend" | "gateway";

interface ErrorKind {
  readonly status: number;
  readonly source: ErrorSource;
  readonly title: string;
  /** The error's name in a Proxy-Status field (RFC 9209 section 2.3), if it has one. */
  readonly proxyStatus?: string;
  /** Whether the connection is closed after it, because the rest of the request may still arrive. */
  readonly endsConnection?: true;
}

/** Every error that the gateway itself answers with; the only place that defines codes. */
export const errorKinds = {
  bad_request: {
    status: 400,
    source: "client",
    title: "Bad request",
    proxyStatus: "http_request_error",
  },
  invalid_host: {
    status: 400,
    source: "client",
    title: "Invalid Host",
    proxyStatus: "http_request_error",
  },
  invalid_path: {
    status: 400,
    source: "client",
    title: "Invalid path",
    proxyStatus: "http_request_error",
  },
  unauthorized: {
    status: 401,
    source: "client",
    title: "Unauthorized",
    proxyStatus: "http_request_denied",
  },
  auth_unavailable: {
    status: 503,
    source: "gateway",
    title: "Authentication unavailable",
    proxyStatus: "proxy_internal_error",
  },
  login_failed: {
    status: 400,
    source: "client",
    title: "Login failed",
    proxyStatus: "http_request_denied",
  },
  forbidden: {
    status: 403,
    source: "client",
    title: "Forbidden",
    proxyStatus: "http_request_denied",
  },
  insufficient_scope: {
    status: 403,
    source: "client",
    title: "Forbidden",
    proxyStatus: "http_request_denied",
  },
  address_denied: {
    status: 403,
    source: "client",
    title: "Forbidden",
    proxyStatus: "http_request_denied",
  },
  route_not_found: {
    status: 404,
    source: "client",
    title: "Not found",
    proxyStatus: "destination_not_found",
  },
  method_not_allowed: {
    status: 405,
    source: "client",
    title: "Method not allowed",
    proxyStatus: "http_request_denied",
  },
  request_timeout: {
    status: 408,
    source: "client",
    title: "Request timeout",
    endsConnection: true,
    proxyStatus: "http_request_error",
  },
  origin_not_allowed: {
    status: 403,
    source: "client",
    title: "Forbidden",
    proxyStatus: "http_request_denied",
  },
  body_too_large: {
    status: 413,
    source: "client",
    title: "Content too large",
    proxyStatus: "http_request_error",
  },
  unsupported_media_type: {
    status: 415,
    source: "client",
    title: "Unsupported media type",
    proxyStatus: "http_request_error",
  },
  message_too_large: {
    status: 413,
    source: "client",
    title: "Message too large",
  },
  websocket_version: {
    status: 426,
    source: "client",
    title: "Upgrade required",
    proxyStatus: "http_request_error",
  },
  misdirected_request: {
    status: 421,
    source: "client",
    title: "Misdirected request",
    proxyStatus: "http_request_error",
  },
  rate_limited: {
    status: 429,
    source: "client",
    title: "Too many requests",
    proxyStatus: "http_request_denied",
  },
  quota_exceeded: {
    status: 429,
    source: "client",
    title: "Quota used up",
    proxyStatus: "http_request_denied",
  },
  limits_unavailable: {
    status: 503,
    source: "gateway",
    title: "Limits unavailable",
    proxyStatus: "proxy_internal_error",
  },
  invalid_request: {
    status: 400,
    source: "client",
    title: "Invalid request",
    proxyStatus: "http_request_error",
  },
  too_many_in_progress: {
    status: 429,
    source: "client",
    title: "Too many requests",
    proxyStatus: "http_request_denied",
  },
  client_stalled: {
    status: 499,
    source: "client",
    title: "Client does not read",
  },
  client_closed: {
    status: 499,
    source: "client",
    title: "Client closed request",
  },
  header_too_large: {
    status: 431,
    source: "client",
    title: "Header section too large",
    endsConnection: true,
    proxyStatus: "http_request_error",
  },
  coding_not_supported: {
    status: 501,
    source: "client",
    title: "Transfer coding not implemented",
    endsConnection: true,
    proxyStatus: "http_request_error",
  },
  version_not_supported: {
    status: 505,
    source: "client",
    title: "HTTP version not supported",
    endsConnection: true,
    proxyStatus: "http_request_error",
  },
  method_not_proxied: {
    status: 501,
    source: "client",
    title: "Method not implemented",
    proxyStatus: "http_request_error",
  },
  backend_unreachable: {
    status: 502,
    source: "backend",
    title: "Bad gateway",
    proxyStatus: "connection_refused",
  },
  backend_connection_closed: {
    status: 502,
    source: "backend",
    title: "Bad gateway",
    proxyStatus: "connection_terminated",
  },
  backend_name_not_resolved: {
    status: 502,
    source: "backend",
    title: "Bad gateway",
    proxyStatus: "dns_error",
  },
  backend_tls_failed: {
    status: 502,
    source: "backend",
    title: "Bad gateway",
    proxyStatus: "tls_protocol_error",
  },
  backend_protocol_error: {
    status: 502,
    source: "backend",
    title: "Bad gateway",
    proxyStatus: "http_protocol_error",
  },
  backend_answer_incomplete: {
    status: 502,
    source: "backend",
    title: "Bad gateway",
    proxyStatus: "http_response_incomplete",
  },
  websocket_refused: {
    status: 502,
    source: "backend",
    title: "WebSocket refused",
    proxyStatus: "http_upgrade_failed",
  },
  no_healthy_backend: {
    status: 503,
    source: "backend",
    title: "Service unavailable",
    proxyStatus: "destination_unavailable",
  },
  circuit_open: {
    status: 503,
    source: "backend",
    title: "Service unavailable",
    proxyStatus: "destination_unavailable",
  },
  overloaded: {
    status: 503,
    source: "gateway",
    title: "Service unavailable",
    proxyStatus: "connection_limit_reached",
  },
  gateway_stopping: {
    status: 503,
    source: "gateway",
    title: "Service unavailable",
    proxyStatus: "connection_terminated",
  },
  backend_connect_timeout: {
    status: 504,
    source: "backend",
    title: "Gateway timeout",
    proxyStatus: "connection_timeout",
  },
  backend_timeout: {
    status: 504,
    source: "backend",
    title: "Gateway timeout",
    proxyStatus: "http_response_timeout",
  },
  backend_stalled: {
    status: 504,
    source: "backend",
    title: "Gateway timeout",
    proxyStatus: "connection_read_timeout",
  },
  not_cached: {
    status: 504,
    source: "gateway",
    title: "Not in the cache",
    proxyStatus: "http_request_denied",
  },
  exchange_timeout: {
    status: 504,
    source: "gateway",
    title: "Gateway timeout",
    proxyStatus: "http_response_timeout",
  },
  websocket_idle: {
    status: 504,
    source: "gateway",
    title: "WebSocket idle",
  },
  upgrade_idle: {
    status: 504,
    source: "gateway",
    title: "Upgraded connection idle",
  },
  loop_detected: {
    status: 508,
    source: "gateway",
    title: "Loop detected",
    proxyStatus: "proxy_loop_detected",
  },
  internal_error: {
    status: 500,
    source: "gateway",
    title: "Internal error",
    proxyStatus: "proxy_internal_error",
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/** An error with a code. Anything else that is thrown counts as `internal_error`. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  /** The status to answer with; the code's own, except for a backend's refusal that is passed on. */
  readonly status: number;
  /** Response fields that belong to this error: Allow, Retry-After. */
  readonly fields: Readonly<Record<string, string>>;
  /** Further members of the problem (RFC 9457 section 3.2); nothing secret. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      status?: number;
      fields?: Readonly<Record<string, string>>;
      members?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = "GatewayError";
    this.code = code;
    this.status = options.status ?? errorKinds[code].status;
    this.fields = options.fields ?? {};
    this.members = options.members ?? {};
  }
}
