import { randomBytes } from "node:crypto";
import type { Claims } from "../../../../pipeline/claims.ts";
import type { Clock } from "../../../../time/clock.ts";
import { ExpiringMap } from "../../../../time/expiring-map.ts";
import { INVALID_GRANT, type Issuer, type Tokens } from "./issuer.ts";
import { issuerError } from "./issuer-error.ts";
import type { RareLog } from "../../../rare-log.ts";
import type { OidcConfig } from "./schema.ts";
import type { Sealing } from "./sealing.ts";
import { claimsOf, readSession, type Session, sessionText } from "./session.ts";

const PURPOSE = "session";
/** How long before its end an access token is refreshed: at most this, or a quarter of its time. */
const REFRESH_AHEAD_S = 60;
/** How long no refresh is tried after one that the issuer did not answer. */
const PAUSE_MS = 10_000;
/** How often in `idle_timeout` a cookie learns that its owner is there. */
const SEEN_PER_IDLE_TIMEOUT = 10;

/** How long a browser's next request may take that still has the previous cookie. */
const REMEMBERED_MS = 300_000;
/** Sessions that are kept decrypted, for the requests of a page and those after it. */
const MOST_OPENED = 1_000;
const MOST_LATEST = 5_000;
/** Of these only ids are kept. */
const MOST_ENDED = 100_000;

/** A session that is in force. */
export interface Live {
  readonly session: Session;
  readonly claims: Claims;
  /** As the cookie has it. */
  readonly text: string;
}

/** What sessions depend on. */
export interface SessionParts {
  readonly config: OidcConfig;
  readonly issuer: Issuer;
  readonly sealing: Sealing;
  readonly clock: Clock;
  readonly log: RareLog;
}

/**
 * The sessions of people who have logged in. They are in their browsers' cookies; here is only what the
 * latest of them have become, for requests that are on their way with the cookie before.
 */
export class Sessions {
  readonly #parts: SessionParts;
  /** By the cookie's text. What is not a session is not kept, so nobody can displace others by it. */
  readonly #opened = new Map<string, Live>();
  /** By the session's id. */
  readonly #latest: ExpiringMap<string, Live>;
  /** Ids of sessions whose owner has logged out; with a revision, those that the issuer has ended. */
  readonly #ended: ExpiringMap<string, true>;
  readonly #refreshing = new Map<string, Promise<Live | undefined>>();
  #pausedUntil = -Infinity;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#latest = new ExpiringMap(parts.clock, { most: MOST_LATEST });
    this.#ended = new ExpiringMap(parts.clock, { most: MOST_ENDED });
  }

  /** The session that a cookie stands for; undefined if it is over, or not one. */
  find(text: string): Live | undefined {
    const opened = this.#open(text);
    if (opened === undefined) return undefined;
    const { id, revision } = opened.session;
    const latest = this.#latest.get(id);
    const live = latest !== undefined && latest.session.revision > revision ? latest : opened;
    return this.#isOver(live.session) ? undefined : live;
  }

  /** Starts a session with what a login has brought. */
  start(tokens: Tokens): Live {
    const now = this.#now();
    const { idToken = "", userinfo, refreshToken } = tokens;
    return this.#keep({
      id: randomBytes(16).toString("base64url"),
      revision: 0,
      startedAt: now,
      seenAt: now,
      idToken,
      userinfo,
      refreshToken,
      ...this.#accessOf(tokens),
    });
  }

  /**
   * What a session becomes by a request: itself, or one with another cookie. Undefined if it is over, as
   * the issuer says. There is a promise only if a refresh has to be waited for.
   */
  goOn(live: Live): Live | undefined | Promise<Live | undefined> {
    const { session } = live;
    const now = this.#now();
    if (session.refreshToken !== undefined && now >= refreshAt(session)) {
      const refreshing = this.#refreshing.get(session.id);
      if (refreshing === undefined) {
        if (this.#parts.clock.monotonic() >= this.#pausedUntil) return this.#refresh(live);
      } else if (this.lacksAccess(live)) return refreshing;
    }
    const { idle_timeout: idle } = this.#parts.config;
    const isToBeSeen = idle > 0 && (now - session.seenAt) * 1_000 >= idle / SEEN_PER_IDLE_TIMEOUT;
    return isToBeSeen ? this.#become(session, { seenAt: now }) : live;
  }

  /** Whether backends are to get an access token, and there is none that is good any more. */
  lacksAccess({ session }: Live): boolean {
    if (this.#parts.config.access_token_header === undefined) return false;
    return session.accessToken === undefined || this.#now() >= endOfAccess(session);
  }

  /** Ends a session whose owner logs out, copies of its cookie included. */
  end({ session }: Live): void {
    const { config, clock } = this.#parts;
    const left = config.max_age - (this.#now() - session.startedAt) * 1_000;
    this.#ended.set(session.id, true, clock.monotonic() + left);
  }

  #open(text: string): Live | undefined {
    const known = this.#opened.get(text);
    if (known !== undefined) return known;
    const opened = this.#parts.sealing.open(text, PURPOSE);
    const session = opened === undefined ? undefined : readSession(opened);
    if (session === undefined) return undefined;
    // A copy: the text may be a slice that keeps all of a header section in memory.
    const own = Buffer.from(text, "latin1").toString("latin1");
    const live = { session, claims: claimsOf(session), text: own };
    if (this.#opened.size >= MOST_OPENED) this.#opened.clear();
    this.#opened.set(own, live);
    return live;
  }

  #isOver(session: Session): boolean {
    const { id, revision, startedAt, seenAt } = session;
    const { max_age: maxAge, idle_timeout: idle } = this.#parts.config;
    const now = this.#now();
    if ((now - startedAt) * 1_000 >= maxAge) return true;
    if (idle > 0 && (now - seenAt) * 1_000 >= idle) return true;
    return this.#ended.get(id) ?? this.#ended.get(`${id} ${revision}`) ?? false;
  }

  /** One at a time for each session. */
  #refresh(live: Live): Promise<Live | undefined> {
    const { id } = live.session;
    const refreshing = this.#refreshed(live).finally(() => this.#refreshing.delete(id));
    this.#refreshing.set(id, refreshing);
    return refreshing;
  }

  async #refreshed(live: Live): Promise<Live | undefined> {
    const { session, claims } = live;
    const { issuer, clock, log } = this.#parts;
    try {
      const tokens = await issuer.refresh(session.refreshToken ?? "", String(claims["sub"]));
      return this.#become(session, {
        seenAt: this.#now(),
        idToken: tokens.idToken ?? session.idToken,
        userinfo: tokens.userinfo ?? session.userinfo,
        refreshToken: tokens.refreshToken ?? session.refreshToken,
        ...this.#accessOf(tokens),
      });
    } catch (error) {
      const { code, message } = issuerError(error);
      if (code === INVALID_GRANT) {
        this.#ended.set(
          `${session.id} ${session.revision}`,
          true,
          clock.monotonic() + REMEMBERED_MS,
        );
        return undefined;
      }
      this.#pausedUntil = clock.monotonic() + PAUSE_MS;
      log.add("refresh", `sessions cannot be refreshed: ${message}; they go on until their end`);
      return live;
    }
  }

  #accessOf(tokens: Tokens): Pick<Session, "accessToken" | "issuedAt" | "expiresIn"> {
    const isSent = this.#parts.config.access_token_header !== undefined;
    return {
      accessToken: isSent ? tokens.accessToken : undefined,
      issuedAt: this.#now(),
      expiresIn: tokens.expiresIn,
    };
  }

  #become(session: Session, changes: Partial<Session>): Live {
    return this.#keep({ ...session, ...changes, revision: session.revision + 1 });
  }

  /**
   * Requests with the cookie before all get the same one: of two with several parts, a browser could
   * keep a part of each.
   */
  #keep(session: Session): Live {
    const text = this.#parts.sealing.seal(sessionText(session), PURPOSE);
    const live = { session, claims: claimsOf(session), text };
    this.#latest.set(session.id, live, this.#parts.clock.monotonic() + REMEMBERED_MS);
    return live;
  }

  /** Unix epoch seconds. */
  #now(): number {
    return Math.floor(this.#parts.clock.wall() / 1_000);
  }
}

/** When a session's access token ends; Infinity if that is unknown. */
function endOfAccess({ issuedAt, expiresIn }: Session): number {
  return expiresIn === 0 ? Infinity : issuedAt + expiresIn;
}

function refreshAt(session: Session): number {
  return endOfAccess(session) - Math.min(REFRESH_AHEAD_S, session.expiresIn / 4);
}
