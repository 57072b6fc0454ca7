/** Those who wait for a place. */
interface Line {
  /** A place has become free. Whether somebody has taken it. */
  serveOne(): boolean;
  /** Whether nobody waits, and nobody will. */
  readonly isOver: boolean;
}

/** An upstream's load over all of its backends. It outlives reloads. */
export class UpstreamLoad {
  /** Requests in flight. */
  inFlight = 0;
  /** The oldest first: a reload begins another line, while the requests before it wait in theirs. */
  readonly #lines = new Set<Line>();

  add(line: Line): void {
    this.#lines.add(line);
  }

  /** A place has become free. The first one that can use it gets it. */
  freed(): void {
    for (const line of this.#lines) {
      if (line.isOver) this.#lines.delete(line);
      else if (line.serveOne()) return;
    }
  }
}

/** An upstream's load at one backend. It outlives changes of the backend's settings. */
export class Load {
  /** Monotonic milliseconds at which its slow start began; undefined if it is not in one. */
  warmingSince: number | undefined = undefined;
  readonly #whole: UpstreamLoad;
  #inFlight = 0;

  constructor(whole = new UpstreamLoad()) {
    this.#whole = whole;
  }

  /** Requests in flight. Lowering it gives their places to those who wait. */
  get inFlight(): number {
    return this.#inFlight;
  }

  set inFlight(count: number) {
    const change = count - this.#inFlight;
    this.#inFlight = count;
    this.#whole.inFlight += change;
    if (change < 0) this.#whole.freed();
  }
}
