// Up to this, sums of two levels are exact, and so is the whole part of level / partsPerToken.
const MOST_PARTS = 2 ** 52;

// A rate per second, minute, hour or day with three decimals is a whole number of these.
const THOUSANDTHS_PER_DAY = 86_400_000;

/** The most tokens that a bucket may hold or gain in a second. */
export const MOST_TOKENS = 1_000_000;
/** The longest time that an empty bucket may take to fill, in seconds: a year. */
export const LONGEST_FILL = 31_536_000;

/**
 * How a bucket fills: `rate` tokens a second (above 0, up to MOST_TOKENS) until there are `burst`
 * (a whole number from 1 to MOST_TOKENS), within at most LONGEST_FILL.
 *
 * A token has a whole number of parts, and each microsecond adds a whole number of them. So 3 per
 * second or 100 per minute are exact, however long the bucket lives.
 */
export class BucketSize {
  readonly burst: number;
  readonly partsPerToken: number;
  readonly partsPerMicrosecond: number;
  /** Parts in a full bucket. */
  readonly capacity: number;
  /** Seconds after which an empty bucket is full, rounded up. */
  readonly fillSeconds: number;

  constructor(rate: number, burst: number) {
    const { tokens, seconds } = asFraction(rate) ?? { tokens: 0, seconds: Infinity };
    if (burst * seconds * 1e6 <= MOST_PARTS) {
      this.partsPerMicrosecond = tokens;
      this.partsPerToken = seconds * 1e6;
    } else {
      // As fine as possible, and rounded so that never more is admitted.
      this.partsPerMicrosecond = Math.max(1, Math.floor((MOST_PARTS * rate) / (burst * 1e6)));
      this.partsPerToken = Math.ceil((this.partsPerMicrosecond * 1e6) / rate);
    }
    this.burst = burst;
    this.capacity = burst * this.partsPerToken;
    this.fillSeconds = Math.ceil(burst / rate);
  }

  /** Whole tokens in so many parts. */
  tokensIn(level: number): number {
    return Math.max(0, Math.floor(level / this.partsPerToken));
  }

  /** Whole microseconds, rounded up, until a bucket at this level holds `tokens`. */
  microsecondsUntil(tokens: number, level: number): number {
    return Math.max(0, Math.ceil((tokens * this.partsPerToken - level) / this.partsPerMicrosecond));
  }
}

/** The rate as a fraction of whole tokens and seconds in lowest terms; undefined if it has none. */
function asFraction(rate: number): { tokens: number; seconds: number } | undefined {
  const tokens = Math.round(rate * THOUSANDTHS_PER_DAY);
  // Division by 60 or 3600 has rounded the written rate; two roundings apart still means the same.
  if (Math.abs(tokens / THOUSANDTHS_PER_DAY - rate) > rate * 2 ** -51) return undefined;
  const divisor = greatestCommonDivisor(tokens, THOUSANDTHS_PER_DAY);
  return { tokens: tokens / divisor, seconds: THOUSANDTHS_PER_DAY / divisor };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Admits as many requests at once as it holds tokens, and in any span of time at most `burst` and what
 * the rate adds in that span. Starts full. Time counts in whole microseconds; when the clock runs
 * backwards nothing is added, and filling continues from the new time.
 */
export class TokenBucket {
  readonly size: BucketSize;
  #level: number;
  #time: number;

  /** `level`: in parts, as of `now`, if it does not start full. */
  constructor(size: BucketSize, level = size.capacity, now = 0) {
    this.size = size;
    this.#level = level;
    this.#time = Math.round(now * 1000);
  }

  /** In parts, as of the last `fill`. Below zero when more is taken than it held. */
  get level(): number {
    return this.#level;
  }

  get isFull(): boolean {
    return this.#level >= this.size.capacity;
  }

  /** Adds what the time has brought since the last call. `now` is monotonic, in milliseconds. */
  fill(now: number): void {
    const time = Math.round(now * 1000);
    const elapsed = time - this.#time;
    this.#time = time;
    if (elapsed <= 0) return;
    const { capacity, partsPerMicrosecond } = this.size;
    // The sum is exact as long as it is below the capacity.
    this.#level = Math.min(capacity, this.#level + elapsed * partsPerMicrosecond);
  }

  /** Whether it holds so many tokens, as of the last `fill`. */
  has(tokens: number): boolean {
    return tokens * this.size.partsPerToken <= this.#level;
  }

  /** Takes tokens, those that it does not hold yet too. */
  remove(tokens: number): void {
    this.#level -= tokens * this.size.partsPerToken;
  }

  /** Returns tokens that were not needed. */
  giveBack(tokens: number): void {
    this.#level = Math.min(this.size.capacity, this.#level + tokens * this.size.partsPerToken);
  }

  /** Takes `tokens`, or none if there are fewer. `now` is monotonic, in milliseconds. */
  take(now: number, tokens = 1): boolean {
    this.fill(now);
    if (!this.has(tokens)) return false;
    this.remove(tokens);
    return true;
  }
}
