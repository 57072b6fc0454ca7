import type { Clock } from "../time/clock.ts";
import { type Backend, WARM } from "./backend.ts";
import type { Load } from "./limits/upstream-load.ts";

/**
 * The least of its twentieths that a backend gets. With less, a backend of a small upstream would get
 * no requests at all for seconds, and have nothing to warm up with.
 */
const COLDEST = 2;

/** How an upstream's backends get their weight little by little, after they were away or new. */
export interface SlowStartSettings {
  /** Milliseconds until a backend gets all of its weight, above 0. */
  readonly duration: number;
  readonly clock: Clock;
}

/**
 * Gives backends that come back or are added their weight linearly over time, in steps of a twentieth.
 * When one began is kept with its load, so it goes on in an upstream that replaces this one.
 */
export class SlowStart {
  readonly #duration: number;
  readonly #clock: Clock;
  readonly #onStep: () => void;
  readonly #unavailable = new WeakSet<Load>();
  #cancelStep: (() => void) | undefined = undefined;

  /** `onStep` is called when weights are about to change: `warm` changes them. */
  constructor({ duration, clock }: SlowStartSettings, onStep: () => void) {
    this.#duration = duration;
    this.#clock = clock;
    this.#onStep = onStep;
  }

  begin({ load }: Backend): void {
    load.warmingSince = this.#clock.monotonic();
  }

  /** Notes whether a backend can get requests; its slow start begins when it can again. */
  observe(backend: Backend, isAvailable: boolean): void {
    if (!isAvailable) this.#unavailable.add(backend.load);
    else if (this.#unavailable.delete(backend.load)) this.begin(backend);
  }

  /** Sets the warmth of backends, and sees to the next step if there is one. */
  warm(backends: readonly Backend[]): void {
    let isWarming = false;
    for (const backend of backends) {
      backend.warmth = this.#warmthOf(backend.load);
      if (backend.warmth === WARM) backend.load.warmingSince = undefined;
      else isWarming = true;
    }
    if (!isWarming) return;
    this.#cancelStep ??= this.#clock.schedule(this.#duration / WARM, () => {
      this.#cancelStep = undefined;
      this.#onStep();
    });
  }

  /** Ends the steps. Weights stay as they are. */
  close(): void {
    this.#cancelStep?.();
    this.#cancelStep = undefined;
  }

  #warmthOf({ warmingSince }: Load): number {
    if (warmingSince === undefined) return WARM;
    const passed = (this.#clock.monotonic() - warmingSince) / this.#duration;
    // A timer may be a little early.
    return Math.min(WARM, Math.max(COLDEST, Math.round(WARM * passed)));
  }
}
