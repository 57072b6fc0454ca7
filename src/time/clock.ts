/** Time as the gateway sees it. Passed in, so that tests can own it. */
export interface Clock {
  /** Milliseconds that never run backwards; only differences mean anything. */
  monotonic(): number;
  /** Milliseconds since the Unix epoch; may jump when the system clock is set. */
  wall(): number;
  /** Calls `callback` once, `delay` milliseconds from now. The answer cancels it. */
  schedule(delay: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  schedule(delay, callback) {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
};
