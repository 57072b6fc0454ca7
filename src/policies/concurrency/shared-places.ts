import {
  hashedKey,
  limitsUnavailable,
  type SharedStore,
  StoreUnavailable,
} from "../../pipeline/shared-store.ts";
import type { Clock } from "../../time/clock.ts";
import { RELEASE, RENEW, TAKE } from "./shared-scripts.ts";

/** The places of a gateway that has died are free again after this. */
export const LEASE_MS = 30_000;
/** Leases are renewed twice before they would end: one renewal may fail. */
const RENEW_EVERY_MS = LEASE_MS / 3;
/** Leases that one script renews: it must not hold up the others' for long. */
const RENEWED_AT_ONCE = 200;

/** A place in the store, until it is released. */
export interface SharedPlace {
  /** The set that it is in. */
  readonly key: string;
  /** Its name there; nobody else's. */
  readonly member: string;
  /** When its lease began, by the monotonic clock. */
  leasedAt: number;
}

interface SharedPlacesServices {
  readonly store: SharedStore;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * Places for requests in progress at all gateways that share a store: a lease for each, renewed for as long
 * as its request takes, so that those of a gateway that has died come back by themselves.
 */
export class SharedPlaces {
  readonly #services: SharedPlacesServices;
  /** What the limit counts: the same for all gateways. */
  readonly #id: string;
  /** What tells this gateway's places from those of others. */
  readonly #owner: string;
  readonly #held = new Set<SharedPlace>();
  #taken = 0;
  #isRenewing = false;

  constructor(id: string, services: SharedPlacesServices) {
    this.#services = services;
    this.#id = id;
    this.#owner = [services.random(), services.random()]
      .map((part) => Math.floor(part * 2 ** 32).toString(36))
      .join("");
  }

  /** Takes one of `most` places; undefined if there is none. Rejects if the store's absence refuses it. */
  async take(counted: string, most: number): Promise<SharedPlace | undefined> {
    const { store, clock } = this.#services;
    const key = hashedKey("places", `${this.#id} ${counted}`);
    this.#taken += 1;
    const member = `${this.#owner}:${this.#taken}`;
    const place: SharedPlace = { key, member, leasedAt: clock.monotonic() };
    try {
      const taken = await store.run(TAKE, [key], [member, most, LEASE_MS]);
      if (taken !== 1) return undefined;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (store.onError === "deny") {
        // It may have been taken nevertheless.
        this.#free(place);
        throw limitsUnavailable("the requests in progress cannot be counted");
      }
      // The store learns of it by the first renewal after its return.
    }
    this.#held.add(place);
    this.#renewLater();
    return place;
  }

  release(place: SharedPlace): void {
    this.#held.delete(place);
    this.#free(place);
  }

  /** Without an answer, the lease ends by itself. */
  #free({ key, member }: SharedPlace): void {
    this.#services.store.run(RELEASE, [key], [member]).catch(() => {});
  }

  #renewLater(): void {
    if (this.#isRenewing || this.#held.size === 0) return;
    this.#isRenewing = true;
    this.#services.clock.schedule(RENEW_EVERY_MS, () => {
      this.#isRenewing = false;
      this.#renew();
      this.#renewLater();
    });
  }

  /** Renews what is older than the time between two renewals; the others have time until the next. */
  #renew(): void {
    const { store, clock } = this.#services;
    const now = clock.monotonic();
    const due = [...this.#held].filter(({ leasedAt }) => now - leasedAt >= RENEW_EVERY_MS);
    for (let at = 0; at < due.length; at += RENEWED_AT_ONCE) {
      const places = due.slice(at, at + RENEWED_AT_ONCE);
      const keys = places.map(({ key }) => key);
      const members = places.map(({ member }) => member);
      for (const place of places) place.leasedAt = now;
      store.run(RENEW, keys, [LEASE_MS, ...members]).catch(() => {
        // Again next time, as if it had not been tried.
        for (const place of places) place.leasedAt = now - RENEW_EVERY_MS;
      });
    }
  }
}
