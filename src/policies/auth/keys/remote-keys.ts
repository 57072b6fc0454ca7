import type { Fetch } from "../../../http/fetch.ts";
import { deltaSeconds, parseCacheControl } from "../../../http/cache-control.ts";
import type { PolicyServices } from "../../../pipeline/policy.ts";
import type { Clock } from "../../../time/clock.ts";
import type { Log } from "../../../units/log-level.ts";
import { ChangingKeys } from "./changing-keys.ts";
import { FetchProblem, fetchText } from "./fetch-text.ts";
import { KeySetProblem, readJwkSet } from "./jwk-set.ts";
import { type KeySet, KeysUnavailable } from "./key-set.ts";
import type { VerificationKey } from "./verification-key.ts";

const TIMEOUT_MS = 5_000;
const LONGEST_ANSWER = 512 * 1024;

/** From one fetch that a token causes to the next, whatever clients send: no token waits for longer. */
const LEAST_BETWEEN_MS = 2_000;
/** From one fetch to the next if the issuer wants its keys to be read always. */
const SHORTEST_PAUSE_MS = 5_000;
/** How long keys are good for if the issuer does not say, and at most if it does. */
const USUAL_LIFE_MS = 5 * 60_000;
const LONGEST_LIFE_MS = 60 * 60_000;
/** The part of their life after which keys are fetched again. */
const AHEAD = 0.8;
/** Between attempts while the issuer is down: doubled each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Requests that wait for a fetch that is not due yet; more are not worth it. */
const MOST_WAITING = 256;
const MOST_MISSING = 1_000;
const LONGEST_MISSING = 256;

interface RemoteKeysPlace {
  readonly url: string;
  /** Authorities to trust in place of the system's, in PEM. */
  readonly ca?: string | undefined;
}

interface RemoteKeysOptions extends RemoteKeysPlace {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly log: Log;
}

/** The key set behind a URL: one for all who ask for it, across reloads. */
export function remoteKeys(
  { keep, clock, fetch, log }: Pick<PolicyServices, "keep" | "clock" | "fetch" | "log">,
  place: RemoteKeysPlace,
): KeySet {
  const key = `keys behind ${JSON.stringify([place.url, place.ca ?? null])}`;
  const open = () => new RemoteKeys({ ...place, clock, fetch, log });
  return keep(key, open, (keys) => keys.close());
}

/**
 * A JWK Set behind a URL. Fetched from the beginning, and again in the background before the issuer's
 * max-age ends; the last good keys stay in force while it is down.
 */
export class RemoteKeys implements KeySet {
  readonly #options: RemoteKeysOptions;
  readonly #keys: ChangingKeys;
  readonly #closing = new AbortController();
  /** The fetch under way. Never rejects. */
  #fetching: Promise<void> | undefined;
  /** The fetch that waiting requests share, before and while it is under way. */
  #awaited: Promise<void> | undefined;
  #waiting = 0;
  /** When a fetch for a token's sake began. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #cancelTimer = () => {};
  #stopWaiting = () => {};
  /** Ids that the next fetch is for. */
  #sought = new Set<string>();
  /** Ids that a fetch made for them has not found. */
  readonly #missing = new Set<string>();

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
    this.#keys = new ChangingKeys(shown(options.url), options.log);
    void this.#fetch();
  }

  current(): readonly VerificationKey[] | Promise<readonly VerificationKey[]> {
    const { keys } = this.#keys;
    if (keys !== undefined) return keys;
    // Once an attempt has failed, requests do not wait for others: they would pile up.
    if (this.#fetching === undefined || this.#failures > 0) throw this.#unavailable();
    return this.#fetching.then(() => {
      const { keys: fetched } = this.#keys;
      if (fetched === undefined) throw this.#unavailable();
      return fetched;
    });
  }

  async lookFor(id: string | undefined): Promise<readonly VerificationKey[]> {
    // It may have begun before the key was there: then another one follows.
    if (this.#fetching !== undefined) {
      await this.#fetching;
      if (this.#keys.hasFailed) return this.#keys.keys ?? [];
    }
    if (id === undefined || !this.#keys.has(id)) await this.#lookAgain(id);
    return this.#keys.keys ?? [];
  }

  close(): void {
    this.#keys.retire();
    this.#closing.abort();
    this.#cancelTimer();
    this.#stopWaiting();
  }

  /** Waits for a fetch that begins after this call, if that is soon and worth it. */
  async #lookAgain(id: string | undefined): Promise<void> {
    const isDue = this.#untilDue() <= 0;
    const isHopeless =
      id === undefined ||
      this.#missing.has(id) ||
      this.#keys.hasFailed ||
      this.#waiting >= MOST_WAITING;
    if (this.#closing.signal.aborted || (!isDue && isHopeless)) return;
    this.#waiting += 1;
    if (id !== undefined) this.#sought.add(id);
    this.#awaited ??= this.#fetchWhenDue();
    await this.#awaited;
    this.#waiting -= 1;
  }

  #miss(id: string): void {
    if (this.#missing.size >= MOST_MISSING) this.#missing.clear();
    if (id.length <= LONGEST_MISSING) this.#missing.add(id);
  }

  #untilDue(): number {
    return this.#lookedAt + LEAST_BETWEEN_MS - this.#options.clock.monotonic();
  }

  async #fetchWhenDue(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = this.#untilDue();
    const cancel = wait > 0 ? this.#options.clock.schedule(wait, resolve) : resolve();
    this.#stopWaiting = resolve;
    await promise;
    cancel?.();
    // Requests from now on may ask for a key that this fetch misses.
    this.#awaited = undefined;
    const sought = this.#sought;
    this.#sought = new Set();
    this.#lookedAt = this.#options.clock.monotonic();
    await this.#fetch();
    for (const id of sought) if (!this.#keys.has(id)) this.#miss(id);
  }

  #fetch(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    this.#fetching ??= this.#fetchNow().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** Never rejects. */
  async #fetchNow(): Promise<void> {
    const { url, ca, fetch, clock } = this.#options;
    this.#cancelTimer();
    const limit = new AbortController();
    const cancelLimit = clock.schedule(TIMEOUT_MS, () => {
      limit.abort(new DOMException("it does not answer in time", "TimeoutError"));
    });
    const signal = AbortSignal.any([this.#closing.signal, limit.signal]);
    let pause: number;
    try {
      const { text, headers } = await fetchText(fetch, url, {
        longest: LONGEST_ANSWER,
        signal,
        ca,
      });
      this.#keys.replace(readJwkSet(text, this.#keys.known));
      this.#failures = 0;
      pause = lifeOf(headers) * AHEAD;
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      if (!(error instanceof FetchProblem || error instanceof KeySetProblem)) throw error;
      this.#keys.failed(error.message);
      pause = this.#pauseAfterFailure();
    } finally {
      cancelLimit();
    }
    this.#cancelTimer = clock.schedule(pause, () => void this.#fetch());
  }

  #pauseAfterFailure(): number {
    // Without keys nobody gets in, so that is tried more often.
    const longest = this.#keys.keys === undefined ? SHORTEST_PAUSE_MS : LONGEST_PAUSE_MS;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, longest);
    this.#failures += 1;
    return pause;
  }

  #unavailable(): KeysUnavailable {
    return new KeysUnavailable(`there are no keys from ${shown(this.#options.url)} yet`);
  }
}

/** A URL without its query, which may have a secret. */
function shown(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

/** How long an answer's keys are good for, in milliseconds. */
function lifeOf(headers: Headers): number {
  const directives = parseCacheControl(headers.get("cache-control"));
  if (directives.has("no-store") || directives.has("no-cache")) return SHORTEST_PAUSE_MS / AHEAD;
  const maxAge = deltaSeconds(directives.get("max-age"));
  if (maxAge === undefined) return USUAL_LIFE_MS;
  const age = deltaSeconds(headers.get("age") ?? undefined) ?? 0;
  const life = (maxAge - age) * 1_000;
  return Math.min(Math.max(life, SHORTEST_PAUSE_MS / AHEAD), LONGEST_LIFE_MS);
}
