/** The gateway's clock. Passed in, so that tests can control it. */
export interface Clock {
  /** Milliseconds that never run backwards; only differences mean anything. */
  monotonic(): number;
  /** Milliseconds since the Unix epoch; may jump when the system clock is set. */
  wall(): number;
  /**
   * Calls `callback` once, `delay` milliseconds from now, of any length; `Infinity` never calls it. The
   * returned function cancels it.
   */
  schedule(delay: number, callback: () => void): () => void;
}

/** The longest delay that setTimeout supports, about 24.8 days; longer ones fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  schedule: (delay, callback) =>
    delay <= LONGEST_TIMER_MS
      ? startTimer(delay, callback)
      : scheduleInSteps(startTimer, LONGEST_TIMER_MS, delay, callback),
};

function startTimer(delay: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delay);
  return () => clearTimeout(timer);
}

/** Waits for `delay` with timers of at most `longest` milliseconds, one after another. */
export function scheduleInSteps(
  schedule: Clock["schedule"],
  longest: number,
  delay: number,
  callback: () => void,
): () => void {
  let cancelStep: () => void;
  const wait = (left: number): void => {
    cancelStep =
      left <= longest
        ? schedule(left, callback)
        : schedule(longest, () => {
            wait(left - longest);
          });
  };
  wait(delay);
  return () => {
    cancelStep();
  };
}
