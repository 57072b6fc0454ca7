import { ListenError } from "./open-port.ts";

/** The part of a listener that matters here. */
interface Listener {
  readonly url: URL;
  /** Accepts no new connections; resolves when existing ones have ended, which `force` does at once. */
  stop(force?: boolean): Promise<void>;
}

/** A listener that can be replaced while exchanges are in flight. */
export class Listening<Server extends Listener> {
  #current: Server | undefined;
  /** Replaced listeners that still have connections. */
  readonly #leaving = new Set<Server>();

  /** Undefined while nothing is open. */
  get url(): URL | undefined {
    return this.#current?.url;
  }

  /** `open` throws a ListenError if it fails. */
  open(open: () => Server): void {
    this.#current = open();
  }

  /**
   * Opens another listener, and then lets the one before leave. Where both have one port that cannot
   * be, so there the old one leaves first, and `reopen` brings it back if the new one cannot be had.
   * Throws a ListenError then, and keeps the old one.
   */
  move(port: number, open: () => Server, reopen: () => Server): void {
    const before = this.#current;
    try {
      this.#current = open();
    } catch (error) {
      const isOurs = before !== undefined && portOf(before.url) === port;
      if (!(error instanceof ListenError) || !isOurs) throw error;
      this.leave();
      try {
        this.#current = open();
      } catch (again) {
        this.#current = reopen();
        throw again;
      }
      return;
    }
    if (before !== undefined) this.#letGo(before);
  }

  /** Closes the listener; its connections end by themselves. */
  leave(): void {
    const before = this.#current;
    this.#current = undefined;
    if (before !== undefined) this.#letGo(before);
  }

  /** Accepts no new connections. Resolves when existing ones have ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#all().map((listener) => listener.stop()));
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all(this.#all().map((listener) => listener.stop(true)));
  }

  /** Those that were replaced and still have connections, too. */
  each(act: (listener: Server) => void): void {
    for (const listener of this.#all()) act(listener);
  }

  #all(): Server[] {
    return this.#current === undefined ? [...this.#leaving] : [this.#current, ...this.#leaving];
  }

  #letGo(listener: Server): void {
    this.#leaving.add(listener);
    void listener.stop().then(() => this.#leaving.delete(listener));
  }
}

/** The port of an http: or https: URL. */
export function portOf(url: URL): number {
  return Number(url.port || (url.protocol === "https:" ? 443 : 80));
}
