import { TIMEOUT_SECONDS } from "./peer-configs.ts";

/** What this gateway is configured with: as the peers, one route and the same timeouts. */
export function gatewayConfig(backend: number) {
  return {
    server: {
      read_timeout: `${TIMEOUT_SECONDS}s`,
      write_timeout: `${TIMEOUT_SECONDS}s`,
      idle_timeout: `${TIMEOUT_SECONDS}s`,
      shutdown_timeout: "1s",
      max_body_size: "100MB",
    },
    health_check: { enabled: false },
    routes: [{ path: "/public/*", backends: [{ url: `http://127.0.0.1:${backend}` }] }],
  };
}
