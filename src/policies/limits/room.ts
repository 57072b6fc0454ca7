/** An owner of places in a room. */
export interface Tenant {
  /** Gives up a few places that it does not need any more. `now` is monotonic, in milliseconds. */
  tidyUp(now: number): void;
}

/** A number of places that several tenants share. */
export class Room {
  readonly #tenants: Tenant[] = [];
  #left: number;
  #next = 0;

  constructor(places: number) {
    this.#left = places;
  }

  join(tenant: Tenant): void {
    this.#tenants.push(tenant);
  }

  /** With the places that it held. */
  leave(tenant: Tenant, places: number): void {
    this.#left += places;
    this.#tenants.splice(this.#tenants.indexOf(tenant), 1);
  }

  /** Takes a place; false if there is none. Then one tenant after another is asked to tidy up. */
  take(now: number): boolean {
    if (this.#left === 0) this.#askNext(now);
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  giveBack(): void {
    this.#left += 1;
  }

  #askNext(now: number): void {
    this.#next = (this.#next + 1) % this.#tenants.length;
    this.#tenants[this.#next]?.tidyUp(now);
  }
}
