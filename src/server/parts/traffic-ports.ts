import type { Config } from "../../config/schema.ts";
import type { TlsConfig } from "../../config/server-tls.ts";
import type { GatewayError } from "../../pipeline/errors.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { Admission, type ConnectionLimits } from "../listener/admission.ts";
import type { Listener, ListenerOptions, ListenerTls } from "../listener/listener.ts";
import type { Peer } from "../listener/peer.ts";
import { ReportLimit } from "../listener/report-limit.ts";
import {
  type AutomaticCertificates,
  CertificateStore,
  type KnownCertificate,
} from "../listener/tls/certificate-store.ts";
import { CLIENT_LEFT } from "../listener/tls/handshake.ts";
import { trafficApp } from "../traffic.ts";
import { portOf } from "./listening.ts";
import { ListenError } from "./open-port.ts";
import { type PortSettings, TrafficPort } from "./traffic-port.ts";

type Settings = PortSettings &
  Pick<Config["server"], "tls" | "max_connections" | "max_connections_per_client">;

/** What the ports need. */
type Services = Pick<ListenerOptions, "clock" | "onMisuse" | "onError"> & {
  readonly logger: Pick<Logger, "log">;
  /** From an issuer. */
  readonly certificates: AutomaticCertificates;
};

/**
 * Idle connections are closed to make room only after this time: in a rush many connections are accepted
 * before their first requests are read.
 */
const IDLE_FOR_MS = 200;

/** The clients' ports: without TLS, with it, or both. */
export class TrafficPorts {
  readonly #services: Services;
  readonly #plain: TrafficPort;
  readonly #secure: TrafficPort;
  /** Both of them; empty until they have been made. */
  readonly #ports: TrafficPort[] = [];
  readonly #proxyFailures: ReportLimit;
  readonly #failedHandshakes: ReportLimit;
  readonly admission: Admission;
  #tls: TlsConfig | undefined;
  #store: CertificateStore | undefined;

  /** Opens nothing yet. */
  constructor(gateway: Gateway, settings: Settings, services: Services) {
    const { clock, logger } = services;
    this.#services = services;
    this.#tls = settings.tls;
    this.#proxyFailures = new ReportLimit(clock);
    this.#failedHandshakes = new ReportLimit(clock);
    this.admission = new Admission({
      clock,
      logger,
      limits: connectionLimitsOf(settings),
      hasIdle: () => this.#withOldestIdle() !== undefined,
      closeOldestIdle: () => {
        const listener = this.#withOldestIdle();
        listener?.closeOldestIdle();
        return listener !== undefined;
      },
      clients: () => this.#clients(),
    });
    const shared = {
      ...services,
      handle: trafficApp(gateway),
      admission: this.admission,
      onProxyFailure: (peer: Peer, reason: string) => this.#reportProxy(peer, reason),
    };
    this.#plain = new TrafficPort(settings, shared, {
      key: "server.port",
      name: "http",
      tls: () => undefined,
    });
    this.#secure = new TrafficPort(securePort(settings), shared, {
      key: "server.tls.port",
      name: "https",
      tls: () => this.#listenerTls(),
    });
    this.#ports.push(this.#plain, this.#secure);
  }

  /** Open or not, the plain one first. */
  get ports(): readonly TrafficPort[] {
    return this.#ports;
  }

  /** The certificates of the TLS port, from files and from an issuer. */
  get certificates(): readonly KnownCertificate[] {
    return this.#store?.known ?? [];
  }

  /** Of those that are open, the plain one first. */
  get urls(): URL[] {
    return this.#ports.flatMap(({ url }) => url ?? []);
  }

  /** The plain port; 0 while there is none. */
  get plainPort(): number {
    const { url } = this.#plain;
    return url === undefined ? 0 : portOf(url);
  }

  /** The port of https URLs that requests without TLS are redirected to; undefined if they are not. */
  get redirectPort(): number | undefined {
    const redirect = this.#tls?.redirect;
    if (redirect === undefined || redirect === false) return undefined;
    if (redirect !== true) return redirect;
    const { url } = this.#secure;
    return url && portOf(url);
  }

  /** Throws a ListenError if a port cannot be opened or a certificate cannot be read. */
  open(): void {
    this.#changeStore(this.#tls);
    this.#plain.open();
    this.#secure.open();
  }

  /**
   * Applies other settings, and reads certificates again. Throws a ListenError for what cannot be
   * changed, and keeps that.
   */
  change(settings: Settings): void {
    this.admission.change(connectionLimitsOf(settings));
    const failures = [
      failureOf(() => this.#plain.change(settings)),
      failureOf(() => this.#changeSecure(settings)),
    ].filter((failure) => failure !== undefined);
    if (failures.length === 0) return;
    throw new ListenError(failures.map(({ message }) => message).join("; "));
  }

  /** The issuer's certificates have changed. */
  certificatesChanged(): void {
    this.#store?.refresh();
  }

  /** Ends all exchanges in flight, for one reason. */
  cut(reason: GatewayError): void {
    this.#each((listener) => listener.cut(reason));
  }

  /** Accepts no new connections. Resolves when existing ones have ended. */
  async drain(): Promise<void> {
    this.admission.stop();
    await Promise.all(this.#ports.map((port) => port.drain()));
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    this.admission.stop();
    this.#store?.stop();
    await Promise.all(this.#ports.map((port) => port.close()));
  }

  #each(act: (listener: Listener) => void): void {
    for (const port of this.#ports) port.each(act);
  }

  #changeSecure(settings: Settings): void {
    this.#changeStore(settings.tls);
    this.#secure.change(securePort(settings));
    this.#tls = settings.tls;
    if (settings.tls !== undefined) return;
    this.#store?.stop();
    this.#store = undefined;
  }

  #changeStore(tls: TlsConfig | undefined): void {
    if (tls === undefined) return;
    const { clock, logger, certificates: automatic } = this.#services;
    try {
      if (this.#store !== undefined) this.#store.change(tls);
      else this.#store = new CertificateStore(tls, { clock, logger, automatic });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ListenError(`cannot accept TLS (\`server.tls\`): ${reason}`, { cause: error });
    }
  }

  #listenerTls(): ListenerTls {
    const store = this.#store;
    if (store === undefined) throw new Error("there are no certificates");
    return {
      get settings() {
        return store.settings;
      },
      failed: ({ address }, reason) =>
        this.#reportHandshake(
          `TLS handshake with ${address} failed: ${reason}`,
          reason !== CLIENT_LEFT,
        ),
      ignored: ({ address }, reason) =>
        this.#reportHandshake(
          `TLS with ${address}: ${reason}; it is served like a client without one`,
          true,
        ),
    };
  }

  /** The listener with the connection that has been idle for longest, if for long enough. */
  #withOldestIdle(): Listener | undefined {
    let found: Listener | undefined;
    let oldest = this.#services.clock.monotonic() - IDLE_FOR_MS;
    this.#each((listener) => {
      const idle = listener.idleSince;
      if (idle === undefined || idle > oldest) return;
      found = listener;
      oldest = idle;
    });
    return found;
  }

  #clients(): string[] {
    const clients: string[] = [];
    this.#each((listener) => clients.push(...listener.clients()));
    return clients;
  }

  /** `matters`: to an operator who has not asked for all of them. */
  #reportHandshake(text: string, matters: boolean): void {
    const { logger } = this.#services;
    if (matters && this.#failedHandshakes.take()) {
      logger.log(
        "info",
        `${text} (at most one such line a minute; \`logging.level: debug\` has all)`,
      );
    } else logger.log("debug", text);
  }

  #reportProxy({ address }: Peer, reason: string): void {
    if (!this.#proxyFailures.take()) return;
    this.#services.logger.log(
      "info",
      `a connection from ${address}, which \`server.proxy_protocol\` lists, was closed: ${reason}; let it send the PROXY protocol, or take it off the list`,
    );
  }
}

function securePort(settings: Settings): PortSettings {
  return { ...settings, port: settings.tls?.port ?? "off" };
}

function connectionLimitsOf(settings: Settings): ConnectionLimits {
  return {
    maxConnections: settings.max_connections,
    maxConnectionsPerClient: settings.max_connections_per_client,
  };
}

function failureOf(change: () => void): ListenError | undefined {
  try {
    change();
    return undefined;
  } catch (error) {
    if (error instanceof ListenError) return error;
    throw error;
  }
}
