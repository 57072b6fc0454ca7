/** Those who wait for a place. */
interface Queue {
  /** A place has become free. Whether somebody has taken it. */
  serveOne(): boolean;
  /** Whether nobody waits, and nobody will. */
  readonly isOver: boolean;
}

/** An upstream's load over all of its backends. It outlives reloads. */
export class UpstreamLoad {
  /** Requests in flight. */
  inFlight = 0;
  /** The oldest first: a reload begins another queue, while the requests before it wait in theirs. */
  #queues: Queue[] = [];

  add(queue: Queue): void {
    this.#queues = [...this.#queues.filter(({ isOver }) => !isOver), queue];
  }

  /** A place has become free. The first one that can use it gets it. */
  freed(): void {
    for (const queue of this.#queues) if (queue.serveOne()) return;
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
