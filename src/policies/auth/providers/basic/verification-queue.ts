import { GatewayError } from "../../../../pipeline/errors.ts";
import type { Clock } from "../../../../time/clock.ts";
import type { Trust } from "./damping.ts";

/** How long a request waits for its password to be verified. */
const LONGEST_WAIT_MS = 10_000;
const LEAST_RETRY_S = 1;
const MOST_RETRY_S = 30;

/** Something that takes a processor for long, and is done on another thread. */
export interface Verification {
  readonly network: string;
  readonly trust: Trust;
  /** Runs right before the work, which is not done if it throws. */
  admit(this: void): void;
  work(this: void): Promise<boolean>;
}

interface Waiting {
  readonly verification: Verification;
  readonly begin: () => void;
  readonly refuse: (reason: GatewayError) => void;
  readonly cancelTimer: () => void;
}

/** From the first to be served to the last; from the last to the first to be dropped. */
const LANES = ["familiar", "clean", "suspect"] as const satisfies readonly Trust[];

/**
 * Verifies a few passwords at a time. The others wait, in bounded number: trusted ones first, and if there
 * is no room, trusted ones in place of the others. One network has a quarter of the room at most, except for
 * users who are familiar there.
 */
export class VerificationQueue {
  readonly #clock: Clock;
  readonly #lanes: Readonly<Record<Trust, Set<Waiting>>> = {
    familiar: new Set(),
    clean: new Set(),
    suspect: new Set(),
  };
  #atOnce = 1;
  #room = 0;
  #running = 0;
  /** Milliseconds that a verification takes, lately. */
  #usualTime = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For verifications from now on. */
  limitTo(atOnce: number, room: number): void {
    this.#atOnce = atOnce;
    this.#room = room;
  }

  get waiting(): number {
    return LANES.reduce((sum, lane) => sum + this.#lanes[lane].size, 0);
  }

  /**
   * The outcome of the work. `leave` gives up waiting. Rejects with `auth_unavailable` if there is no room,
   * or it takes too long to get its turn.
   */
  run(verification: Verification): { outcome: Promise<boolean>; leave: () => void } {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return { outcome: this.#work(verification), leave: () => {} };
    }
    const turn = Promise.withResolvers<void>();
    const lane = this.#lanes[verification.trust];
    const waiting: Waiting = {
      verification,
      begin: turn.resolve,
      refuse: turn.reject,
      cancelTimer: this.#clock.schedule(LONGEST_WAIT_MS, () => {
        if (lane.delete(waiting)) turn.reject(this.#busy());
      }),
    };
    const outcome = turn.promise.then(() => this.#work(verification));
    if (this.#makeRoomFor(verification)) lane.add(waiting);
    else {
      waiting.cancelTimer();
      turn.reject(this.#busy());
    }
    const leave = () => {
      if (!lane.delete(waiting)) return;
      waiting.cancelTimer();
      turn.reject(this.#busy());
    };
    return { outcome, leave };
  }

  /** Whether there is room for one more, after dropping one that is trusted less. */
  #makeRoomFor({ network, trust }: Verification): boolean {
    if (trust !== "familiar" && this.#waitingOf(network) >= this.#room / 4) return false;
    if (this.waiting < this.#room) return true;
    for (const lane of LANES.toReversed()) {
      if (lane === trust) return false;
      const last = [...this.#lanes[lane]].at(-1);
      if (last === undefined) continue;
      this.#lanes[lane].delete(last);
      last.cancelTimer();
      last.refuse(this.#busy());
      return true;
    }
    return false;
  }

  #waitingOf(network: string): number {
    let count = 0;
    for (const lane of [this.#lanes.clean, this.#lanes.suspect]) {
      for (const { verification } of lane) if (verification.network === network) count += 1;
    }
    return count;
  }

  /** It counts as running already, so no other takes its turn. */
  async #work({ admit, work }: Verification): Promise<boolean> {
    const started = this.#clock.monotonic();
    try {
      admit();
      const outcome = await work();
      this.#usualTime += (this.#clock.monotonic() - started - this.#usualTime) / 8;
      return outcome;
    } finally {
      this.#passOn();
    }
  }

  /** Gives the turn to the next one, if there is one. */
  #passOn(): void {
    for (const lane of LANES) {
      const [first] = this.#lanes[lane];
      if (first === undefined) continue;
      this.#lanes[lane].delete(first);
      first.cancelTimer();
      first.begin();
      return;
    }
    this.#running -= 1;
  }

  #busy(): GatewayError {
    const seconds = Math.ceil((this.waiting * this.#usualTime) / this.#atOnce / 1_000);
    const retryAfter = Math.min(MOST_RETRY_S, Math.max(LEAST_RETRY_S, seconds));
    return new GatewayError("auth_unavailable", "too many passwords are being verified", {
      fields: { "retry-after": `${retryAfter}` },
    });
  }
}
