import type { Config } from "../../config/schema.ts";
import { AddressSet } from "../../http/address-set.ts";
import type { ListenerLimits } from "../listener/limits.ts";
import { type Census, ConnectionCounts } from "../listener/census.ts";
import { Listener, type ListenerOptions, type ListenerTls } from "../listener/listener.ts";
import { Listening, portOf } from "./listening.ts";
import { openPort } from "./open-port.ts";

export type PortSettings = Pick<
  Config["server"],
  | "host"
  | "port"
  | "max_header_size"
  | "header_timeout"
  | "keep_alive_timeout"
  | "http2"
  | "proxy_protocol"
>;

/** What listeners need. */
export type PortServices = Pick<
  ListenerOptions,
  "handle" | "clock" | "onMisuse" | "onError" | "admission" | "onProxyFailure"
>;

/** How a port of clients differs from the others. */
export interface PortKind {
  /** The configuration's key for its number. */
  readonly key: string;
  /** Its name in metrics. */
  readonly name: "http" | "https";
  /** For connections with TLS; undefined without. Called when the port is opened. */
  readonly tls: () => ListenerTls | undefined;
}

/** A port of clients. It can move while exchanges are in flight. */
export class TrafficPort {
  readonly #services: PortServices;
  readonly #kind: PortKind;
  readonly #listening = new Listening<Listener>();
  readonly counts = new ConnectionCounts();
  #settings: PortSettings;

  /** Opens nothing yet. */
  constructor(settings: PortSettings, services: PortServices, kind: PortKind) {
    this.#services = services;
    this.#kind = kind;
    this.#settings = only(settings);
  }

  get name(): PortKind["name"] {
    return this.#kind.name;
  }

  /** What its open connections are used for, those of replaced listeners among them. */
  get census(): Census {
    const census = { http1: 0, http2: 0, opening: 0, streams: 0 };
    this.#listening.each((listener) => listener.addTo(census));
    return census;
  }

  /** Undefined while it is off or not open. */
  get url(): URL | undefined {
    return this.#listening.url;
  }

  /** Throws a ListenError if the port cannot be opened. */
  open(): void {
    const { port } = this.#settings;
    if (port !== "off") this.#listening.open(() => this.#listen(this.#settings, port));
  }

  /**
   * Applies other settings. If the address is another one, it is opened, and the previous one closed,
   * where exchanges in flight finish. Throws a ListenError if it cannot be opened, and keeps the current
   * one.
   */
  change(settings: PortSettings): void {
    const next = only(settings);
    const before = this.#settings;
    this.#listening.each((listener) => listener.limit(limitsOf(next)));
    this.#settings = { ...next, host: before.host, port: before.port };
    if (next.host === before.host && next.port === before.port) return;
    this.#move(next, before);
    this.#settings = next;
  }

  /** Replaced listeners that still have connections, too. */
  each(act: (listener: Listener) => void): void {
    this.#listening.each(act);
  }

  /** Accepts no new connections. Resolves when existing ones have ended. */
  drain(): Promise<void> {
    return this.#listening.drain();
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#listening.close();
  }

  #move(next: PortSettings, before: PortSettings): void {
    const { port } = next;
    const { url } = this.#listening;
    if (port === "off") this.#listening.leave();
    else if (url === undefined) this.#listening.open(() => this.#listen(next, port));
    else {
      this.#listening.move(
        port,
        () => this.#listen(next, port),
        // For port 0 a free port was picked; it is asked for again.
        () => this.#listen({ ...next, host: before.host }, portOf(url)),
      );
    }
  }

  #listen(settings: PortSettings, port: number): Listener {
    const { host } = settings;
    return openPort(
      `${host}:${port}`,
      this.#kind.key,
      () =>
        new Listener({
          host,
          port,
          limits: limitsOf(settings),
          tls: this.#kind.tls(),
          counts: this.counts,
          ...this.#services,
        }),
    );
  }
}

/** Copied, so that the rest of the configuration is not kept in memory. */
function only(settings: PortSettings): PortSettings {
  return {
    host: settings.host,
    port: settings.port,
    max_header_size: settings.max_header_size,
    header_timeout: settings.header_timeout,
    keep_alive_timeout: settings.keep_alive_timeout,
    http2: settings.http2,
    proxy_protocol: settings.proxy_protocol,
  };
}

function limitsOf(settings: PortSettings): ListenerLimits {
  return {
    maxHeaderSize: settings.max_header_size,
    headerTimeout: settings.header_timeout,
    keepAliveTimeout: settings.keep_alive_timeout,
    http2: settings.http2,
    proxies: new AddressSet(settings.proxy_protocol),
  };
}
