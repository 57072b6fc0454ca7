import type { PickDecision } from "./decisions.ts";

/** A wait, from when until when, by the monotonic clock; `until` is 0 while it lasts. */
export interface Wait {
  readonly for: "place" | "retry";
  readonly from: number;
  until: number;
}

/** A policy on the way out. */
export interface Leaving {
  /** The policy's index. */
  readonly at: number;
  /** Monotonic time at which it was done. */
  readonly until: number;
  readonly replaced: boolean;
}

/** More of each list is not noted. */
const MOST_NOTED = 24;

/** What few exchanges have to note on their way. */
export class Notes {
  readonly picks: PickDecision[] = [];
  readonly waits: Wait[] = [];
  readonly leavings: Leaving[] = [];
  /** Monotonic time at which the way out began; 0 if that was not noted. */
  outFrom = 0;
  /** How many of all these there were too many. */
  more = 0;

  picked(pick: PickDecision): void {
    this.#add(this.picks, pick);
  }

  /** A wait begins; the one before is over. */
  waitsFor(kind: Wait["for"], now: number): void {
    this.#add(this.waits, { for: kind, from: now, until: 0 });
  }

  /** The wait that began last is over. */
  waited(now: number): void {
    const last = this.waits.at(-1);
    if (last?.until === 0) last.until = now;
  }

  left(leaving: Leaving): void {
    this.#add(this.leavings, leaving);
  }

  #add<Item>(list: Item[], item: Item): void {
    if (list.length < MOST_NOTED) list.push(item);
    else this.more += 1;
  }
}
