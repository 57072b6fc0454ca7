import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "../../time/clock.ts";
import { ExpiringMap } from "../../time/expiring-map.ts";

/** A login of a browser. */
export interface Session {
  /** Goes with every write, so that no other page can make one: it cannot read it. */
  readonly csrf: string;
  /** The Host that it was opened for. */
  readonly host: string;
  /** No use prolongs it beyond this; on the monotonic clock, in milliseconds. */
  readonly endsAt: number;
}

const HOUR_MS = 3_600_000;
/** A session ends when it has not been used for so long, */
export const IDLE_MS = 12 * HOUR_MS;
/** and in any case after so long. */
export const LONGEST_MS = 7 * 24 * HOUR_MS;
const MOST_SESSIONS = 100;

/**
 * The sessions of browsers that have logged in, in memory: a restart ends them. Beyond 100 the one that
 * was not used for longest goes. Cookies hold a random id, of which only a hash is kept here.
 */
export class Sessions {
  readonly #clock: Clock;
  #open: ExpiringMap<string, Session>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#open = new ExpiringMap(clock, { most: MOST_SESSIONS });
  }

  /** Opens one; its id is for the cookie alone. */
  begin(host: string): { readonly id: string; readonly session: Session } {
    const id = randomBytes(32).toString("base64url");
    const csrf = randomBytes(32).toString("base64url");
    const session = { csrf, host, endsAt: this.#clock.monotonic() + LONGEST_MS };
    this.#keep(digestOf(id), session);
    return { id, session };
  }

  /** The session of a cookie that is sent to a Host; undefined if there is none. Using it prolongs it. */
  find(id: string, host: string): Session | undefined {
    const key = digestOf(id);
    const session = this.#open.get(key);
    if (session === undefined || session.host !== host) return undefined;
    this.#keep(key, session);
    return session;
  }

  /** Whether there still is one; asking does not prolong it. */
  isOpen(id: string): boolean {
    return this.#open.get(digestOf(id)) !== undefined;
  }

  end(id: string): void {
    this.#open.delete(digestOf(id));
  }

  /** Another token has been configured: nobody has shown that one. */
  endAll(): void {
    this.#open = new ExpiringMap(this.#clock, { most: MOST_SESSIONS });
  }

  #keep(key: string, session: Session): void {
    this.#open.set(key, session, Math.min(this.#clock.monotonic() + IDLE_MS, session.endsAt));
  }
}

function digestOf(id: string): string {
  return createHash("sha256").update(id).digest("base64");
}
