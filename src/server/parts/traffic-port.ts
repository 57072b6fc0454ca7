import type { Config } from "../../config/schema.ts";
import { AddressSet } from "../../http/address.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import type { GatewayError } from "../../pipeline/errors.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { Admission, type ConnectionLimits } from "../listener/admission.ts";
import { Listener, type ListenerLimits, type ListenerOptions } from "../listener/listener.ts";
import type { Peer } from "../listener/proxy-preamble.ts";
import { ReportLimit } from "../listener/report-limit.ts";
import type { Handle } from "../listener/session.ts";
import { trafficApp } from "../traffic.ts";
import { Listening, portOf } from "./listening.ts";
import { openPort } from "./open-port.ts";

type Settings = Pick<
  Config["server"],
  | "host"
  | "port"
  | "max_header_size"
  | "header_timeout"
  | "keep_alive_timeout"
  | "http2"
  | "max_connections"
  | "max_connections_per_client"
  | "proxy_protocol"
>;

/** What listeners need. */
type Services = Pick<ListenerOptions, "clock" | "onMisuse" | "onError"> & {
  readonly logger: Pick<Logger, "log">;
};

/**
 * Idle connections are closed to make room only after this time: in a rush many connections are accepted
 * before their first requests are read.
 */
const IDLE_FOR_MS = 200;

/** The clients' port. It can move while exchanges are in flight. */
export class TrafficPort {
  readonly #handle: Handle;
  readonly #services: Services;
  readonly #listening = new Listening<Listener>();
  readonly #proxyFailures: ReportLimit;
  #settings: Settings;
  readonly admission: Admission;

  /** Opens nothing yet. */
  constructor(gateway: Gateway, settings: Settings, services: Services) {
    this.#handle = trafficApp(gateway);
    this.#services = services;
    this.#settings = only(settings);
    this.#proxyFailures = new ReportLimit(services.clock);
    this.admission = new Admission({
      clock: services.clock,
      logger: services.logger,
      limits: connectionLimitsOf(settings),
      hasIdle: () => this.#withOldestIdle() !== undefined,
      closeOldestIdle: () => {
        const listener = this.#withOldestIdle();
        listener?.closeOldestIdle();
        return listener !== undefined;
      },
      clients: () => this.#clients(),
    });
  }

  /** Throws an Error if the port is not open. */
  get url(): URL {
    const { url } = this.#listening;
    if (url === undefined) throw new Error("the clients' port is not open");
    return url;
  }

  /** Throws a ListenError if the port cannot be opened. */
  open(): void {
    this.#listening.open(() => this.#listen(this.#settings));
  }

  /**
   * Applies other settings. If the address is another one, it is opened, and the previous one closed,
   * where exchanges in flight finish. Throws a ListenError if it cannot be opened, and keeps the current
   * one.
   */
  change(settings: Settings): void {
    const next = only(settings);
    const before = this.#settings;
    this.#listening.each((listener) => listener.limit(limitsOf(next)));
    this.admission.change(connectionLimitsOf(next));
    this.#settings = { ...next, host: before.host, port: before.port };
    if (next.host === before.host && next.port === before.port) return;
    // For port 0 a free port was picked; it is asked for again.
    const port = portOf(this.url);
    this.#listening.move(
      next.port,
      () => this.#listen(next),
      () => this.#listen({ ...next, host: before.host, port }),
    );
    this.#settings = next;
  }

  /** Ends all exchanges in flight, for one reason. */
  cut(reason: GatewayError): void {
    this.#listening.each((listener) => listener.cut(reason));
  }

  /** Accepts no new connections. Resolves when existing ones have ended. */
  drain(): Promise<void> {
    this.admission.stop();
    return this.#listening.drain();
  }

  /** Closes all connections. */
  close(): Promise<void> {
    this.admission.stop();
    return this.#listening.close();
  }

  #listen(settings: Settings): Listener {
    const { host, port } = settings;
    return openPort(
      `${host}:${port}`,
      "server.port",
      () =>
        new Listener({
          handle: this.#handle,
          host,
          port,
          limits: limitsOf(settings),
          admission: this.admission,
          onProxyFailure: (peer, reason) => this.#reportProxy(peer, reason),
          ...this.#services,
        }),
    );
  }

  /** The listener with the connection that has been idle for longest, if for long enough. */
  #withOldestIdle(): Listener | undefined {
    let found: Listener | undefined;
    let oldest = this.#services.clock.monotonic() - IDLE_FOR_MS;
    this.#listening.each((listener) => {
      const idle = listener.idleSince;
      if (idle === undefined || idle > oldest) return;
      found = listener;
      oldest = idle;
    });
    return found;
  }

  #clients(): string[] {
    const clients: string[] = [];
    this.#listening.each((listener) => clients.push(...listener.clients()));
    return clients;
  }

  #reportProxy({ address }: Peer, reason: string): void {
    if (!this.#proxyFailures.take()) return;
    this.#services.logger.log(
      "info",
      `a connection from ${address}, which \`server.proxy_protocol\` lists, was closed: ${reason}; let it send the PROXY protocol, or take it off the list`,
    );
  }
}

/** Copied, so that the rest of the configuration is not kept in memory. */
function only(settings: Settings): Settings {
  return {
    host: settings.host,
    port: settings.port,
    max_header_size: settings.max_header_size,
    header_timeout: settings.header_timeout,
    keep_alive_timeout: settings.keep_alive_timeout,
    http2: settings.http2,
    max_connections: settings.max_connections,
    max_connections_per_client: settings.max_connections_per_client,
    proxy_protocol: settings.proxy_protocol,
  };
}

function limitsOf(settings: Settings): ListenerLimits {
  return {
    maxHeaderSize: settings.max_header_size,
    headerTimeout: settings.header_timeout,
    keepAliveTimeout: settings.keep_alive_timeout,
    http2: settings.http2,
    proxies: new AddressSet(settings.proxy_protocol),
  };
}

function connectionLimitsOf(settings: Settings): ConnectionLimits {
  return {
    maxConnections: settings.max_connections,
    maxConnectionsPerClient: settings.max_connections_per_client,
  };
}
