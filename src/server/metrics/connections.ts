import { counter, gauge, labelText, type Sample } from "../../telemetry/metrics/family.ts";
import { type MetricSource, single } from "../../telemetry/metrics/registry.ts";
import type { Tunnels } from "../../proxy/tunnel/tunnel.ts";
import { WebSocketTunnel } from "../../proxy/tunnel/websocket.ts";
import type { Census, ConnectionCounts } from "../listener/census.ts";

/** A port of clients. */
interface Port {
  readonly name: string;
  readonly counts: ConnectionCounts;
  readonly census: Census;
}

export interface ConnectionsSubject {
  readonly ports: () => readonly Port[];
  readonly tunnels: Tunnels;
  /** Open connections to backends. */
  readonly backendConnections: () => number;
}

const families = {
  open: gauge(
    "gateway_connections_open",
    "Open connections of clients. Protocol `opening`: before the first request, in a TLS handshake for example.",
    "listener",
    "protocol",
  ),
  accepted: counter(
    "gateway_connections_accepted_total",
    "Connections of clients that were accepted.",
    "listener",
  ),
  refused: counter(
    "gateway_connections_refused_total",
    "Connections that were closed at once, by the limit that they were beyond, or a PROXY header that is not valid.",
    "listener",
    "reason",
  ),
  handshakes: counter(
    "gateway_tls_handshakes_total",
    "TLS handshakes with clients that have ended.",
    "listener",
    "outcome",
  ),
  streams: gauge("gateway_http2_streams_open", "Open HTTP/2 streams of clients.", "listener"),
  tunnels: gauge(
    "gateway_tunnels_open",
    "Connections that were upgraded and are open: WebSockets, and others.",
    "kind",
  ),
} as const;

/** Connections of clients, and those to backends. */
export function connectionSources(subject: ConnectionsSubject): MetricSource[] {
  return [
    {
      families: Object.values(families),
      collect() {
        const ports = subject.ports().map(({ name, counts, census }) => ({ name, counts, census }));
        const series: Record<keyof typeof families, Sample[]> = {
          open: ports.flatMap(({ name, census: { http1, http2, opening } }) =>
            perLabel(families.open, name, { "http/1.1": http1, "http/2": http2, opening }),
          ),
          accepted: ports.map(({ name, counts: { accepted } }) => ({
            labels: labelText(families.accepted, [name]),
            value: accepted,
          })),
          refused: ports.flatMap(({ name, counts: { refused } }) =>
            perLabel(families.refused, name, refused),
          ),
          handshakes: ports
            .filter(({ name }) => name === "https")
            .flatMap(({ name, counts: { handshakes } }) =>
              perLabel(families.handshakes, name, handshakes),
            ),
          streams: ports.map(({ name, census: { streams } }) => ({
            labels: labelText(families.streams, [name]),
            value: streams,
          })),
          tunnels: tunnelSamples(subject.tunnels),
        };
        return Object.values(series);
      },
    },
    single(
      gauge(
        "gateway_tunnel_queued_bytes",
        "Bytes that wait for a slow end of an upgraded connection.",
      ),
      () => subject.tunnels.queued.total,
    ),
    single(
      gauge(
        "gateway_backend_connections_open",
        "Open connections to backends, HTTP/3 not counted.",
      ),
      subject.backendConnections,
    ),
  ];
}

function perLabel(
  family: (typeof families)["open" | "refused" | "handshakes"],
  name: string,
  counts: Readonly<Record<string, number>>,
): Sample[] {
  return Object.entries(counts).map(([value, count]) => ({
    labels: labelText(family, [name, value]),
    value: count,
  }));
}

function tunnelSamples(tunnels: Tunnels): Sample[] {
  let websockets = 0;
  for (const tunnel of tunnels) if (tunnel instanceof WebSocketTunnel) websockets += 1;
  return [
    { labels: labelText(families.tunnels, ["websocket"]), value: websockets },
    { labels: labelText(families.tunnels, ["other"]), value: tunnels.size - websockets },
  ];
}
