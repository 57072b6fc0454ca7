import type { Config } from "../../config/schema.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import { listenForTraffic } from "../traffic.ts";
import { openPort } from "./open-port.ts";

type Settings = Pick<Config["server"], "host" | "port" | "max_message_size">;

/** The port that clients talk to. It can move while exchanges are in flight. */
export class TrafficPort {
  readonly #gateway: Gateway;
  readonly #onError: (error: unknown) => void;
  #settings: Settings;
  #listener: ReturnType<typeof listenForTraffic>;
  /** Listeners that have been replaced, as long as they have exchanges in flight. */
  readonly #leaving = new Set<ReturnType<typeof listenForTraffic>>();

  /** Opens the port. Throws a ListenError. `onError` hears of errors outside of any exchange. */
  constructor(gateway: Gateway, settings: Settings, onError: (error: unknown) => void) {
    this.#gateway = gateway;
    this.#onError = onError;
    this.#settings = only(settings);
    this.#listener = this.#listen(this.#settings);
  }

  get url(): URL {
    return this.#listener.url;
  }

  /** The settings that the open port has. */
  get settings(): Settings {
    return this.#settings;
  }

  /**
   * Opens another address, and then closes the one before, where exchanges in flight still end.
   * Throws a ListenError where that address cannot be had, and keeps the one it has.
   */
  move(settings: Settings): void {
    const next = only(settings);
    const listener = this.#listen(next);
    const before = this.#listener;
    this.#settings = next;
    this.#listener = listener;
    this.#leaving.add(before);
    void before.stop().then(() => this.#leaving.delete(before));
  }

  /** Takes no new connections. Resolves when those there are have ended. */
  async drain(): Promise<void> {
    await Promise.all([this.#listener, ...this.#leaving].map((listener) => listener.stop()));
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#listener, ...this.#leaving].map((listener) => listener.stop(true)));
  }

  #listen({ host, port, max_message_size: maxMessageSize }: Settings) {
    return openPort(`${host}:${port}`, "server.port", () =>
      listenForTraffic(this.#gateway, { host, port, maxMessageSize, onError: this.#onError }),
    );
  }
}

/** Keeps nothing else of the configuration alive. */
function only({ host, port, max_message_size }: Settings): Settings {
  return { host, port, max_message_size };
}
