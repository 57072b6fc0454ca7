import type { Config } from "../../config/schema.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import type { GatewayError } from "../../pipeline/errors.ts";
import type { Listener, ListenerLimits, ListenerOptions } from "../listener/listener.ts";
import { listenForTraffic } from "../traffic.ts";
import { Listening, portOf } from "./listening.ts";
import { openPort } from "./open-port.ts";

type Settings = Pick<
  Config["server"],
  "host" | "port" | "max_header_size" | "header_timeout" | "keep_alive_timeout" | "http2"
>;

/** What listeners need. */
type Services = Pick<ListenerOptions, "clock" | "onMisuse" | "onError">;

/** The clients' port. It can move while exchanges are in flight. */
export class TrafficPort {
  readonly #gateway: Gateway;
  readonly #services: Services;
  readonly #listening = new Listening<Listener>();
  #settings: Settings;

  /** Opens nothing yet. */
  constructor(gateway: Gateway, settings: Settings, services: Services) {
    this.#gateway = gateway;
    this.#services = services;
    this.#settings = only(settings);
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
    return this.#listening.drain();
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#listening.close();
  }

  #listen(settings: Settings): Listener {
    const { host, port } = settings;
    return openPort(`${host}:${port}`, "server.port", () =>
      listenForTraffic(this.#gateway, {
        host,
        port,
        limits: limitsOf(settings),
        ...this.#services,
      }),
    );
  }
}

/** Copied, so that the rest of the configuration is not kept in memory. */
function only(settings: Settings): Settings {
  const { host, port, max_header_size, header_timeout, keep_alive_timeout, http2 } = settings;
  return { host, port, max_header_size, header_timeout, keep_alive_timeout, http2 };
}

function limitsOf(settings: Settings): ListenerLimits {
  return {
    maxHeaderSize: settings.max_header_size,
    headerTimeout: settings.header_timeout,
    keepAliveTimeout: settings.keep_alive_timeout,
    http2: settings.http2,
  };
}
