import type { Config } from "../../config/schema.ts";
import type { Gateway } from "../../runtime/gateway.ts";
import { listenForTraffic } from "../traffic.ts";
import { Listening, portOf } from "./listening.ts";
import { openPort } from "./open-port.ts";

type Settings = Pick<Config["server"], "host" | "port" | "max_message_size">;

/** The clients' port. It can move while exchanges are in flight. */
export class TrafficPort {
  readonly #gateway: Gateway;
  readonly #onError: (error: unknown) => void;
  readonly #listening = new Listening<ReturnType<typeof listenForTraffic>>();
  #settings: Settings;

  /** Opens nothing yet. `onError` is called for errors outside any exchange. */
  constructor(gateway: Gateway, settings: Settings, onError: (error: unknown) => void) {
    this.#gateway = gateway;
    this.#onError = onError;
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
   * Opens the port with other settings, and closes the previous one, where exchanges in flight finish.
   * Does nothing for equal settings. Throws a ListenError if the address cannot be opened, and keeps
   * the current one.
   */
  change(settings: Settings): void {
    const next = only(settings);
    const before = this.#settings;
    if (Bun.deepEquals(next, before)) return;
    // For port 0 a free port was picked; only another address is a reason to change it.
    const port = portOf(this.url);
    const isSameAddress = next.host === before.host && next.port === before.port;
    const wanted = isSameAddress ? { ...next, port } : next;
    this.#listening.move(
      wanted.port,
      () => this.#listen(wanted),
      () => this.#listen({ ...before, port }),
    );
    this.#settings = next;
  }

  /** Accepts no new connections. Resolves when existing ones have ended. */
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

/** Copied, so that the rest of the configuration is not kept in memory. */
function only({ host, port, max_message_size }: Settings): Settings {
  return { host, port, max_message_size };
}
