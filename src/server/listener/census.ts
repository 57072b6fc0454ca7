/** What has come of connections to one port, over all listeners that it has had. */
export class ConnectionCounts {
  accepted = 0;
  /** Closed at once, by why. */
  readonly refused = { max_connections: 0, max_connections_per_client: 0, proxy_protocol: 0 };
  /** TLS handshakes. */
  readonly handshakes = { succeeded: 0, failed: 0 };
}

/** What open connections are used for at the time. */
export interface Census {
  http1: number;
  http2: number;
  /** Those that speak no HTTP yet: handshakes, PROXY headers, first bytes, and those that wait. */
  opening: number;
  /** Open streams of HTTP/2. */
  streams: number;
}
