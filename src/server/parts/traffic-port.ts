import type { Config } from "../../config/schema.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import { listenForTraffic } from "../traffic.ts";
import { Listening, portOf } from "./listening.ts";
import { openPort } from "./open-port.ts";

type Settings = Pick<Config["server"], "host" | "port" | "max_message_size">;

/** The port that clients talk to. It can move while exchanges are in flight. */
export class TrafficPort {
  readonly #gateway: Gateway;
  readonly #onError: (error: unknown) => void;
  readonly #listening = new Listening<ReturnType<typeof listenForTraffic>>();
  #settings: Settings;

  /** Opens nothing yet. `onError` hears of errors outside of any exchange. */
  constructor(gateway: Gateway, settings: Settings, onError: (error: unknown) => void) {
    this.#gateway = gateway;
    this.#onError = onError;
    this.#settings = only(settings);
  }

  /** Throws an Error while the port is not open. */
  get url(): URL {
    const { url } = this.#listening;
    if (url === undefined) throw new Error("the clients' port is not open");
    return url;
  }

  /** The settings that the open port has. */
  get settings(): Settings {
    return this.#settings;
  }

  /** Throws a ListenError where the port cannot be had. */
  open(): void {
    this.#listening.open(() => this.#listen(this.#settings));
  }

  /**
   * Opens another address and closes the one before, where exchanges in flight still end. Throws a
   * ListenError where that address cannot be had, and keeps the one it has.
   */
  move(settings: Settings): void {
    const next = only(settings);
    const before = { ...this.#settings, port: portOf(this.url) };
    this.#listening.move(
      next.port,
      () => this.#listen(next),
      () => this.#listen(before),
    );
    this.#settings = next;
  }

  /** Takes no new connections. Resolves when those there are have ended. */
  drain(): Promise<void> {
    return this.#listening.drain();
  }

  /** Closes all connections. */
  close(): Promise<void> {
    return this.#listening.close();
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
