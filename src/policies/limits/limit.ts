import { type Field, FieldName } from "../../http/field.ts";
import type { KeyedBuckets } from "./keyed-buckets.ts";
import type { BucketSize } from "./token-bucket.ts";

export const POLICY = new FieldName("ratelimit-policy");

/** A rate limit as one place charges it. Created once per snapshot, not per request. */
export class Limit {
  /** In items of the RateLimit fields. */
  readonly name: string;
  /**
   * What gateways that share limits know it by. It names the limit's place and everything that its levels
   * depend on, so two limits have the same one only if they share their buckets.
   */
  readonly id: string;
  readonly size: BucketSize;
  /** Tokens that a request takes: a whole number from 1 to the burst. */
  readonly cost: number;
  /** Milliseconds that a request may wait for its tokens; 0 refuses it at once. */
  readonly maxDelay: number;
  /** Its buckets in this process. They outlive reloads. */
  readonly local: KeyedBuckets;
  /** Its item of RateLimit-Policy. Who sends at most q requests in any w seconds is never refused. */
  readonly policyItem: string;
  /** The field with this item alone. */
  readonly policyField: Field;
  /** How its item of RateLimit begins. */
  readonly itemName: string;

  constructor(of: {
    name: string;
    id: string;
    local: KeyedBuckets;
    cost?: number;
    maxDelay?: number;
  }) {
    this.name = of.name;
    this.id = of.id;
    this.local = of.local;
    this.size = of.local.size;
    this.cost = of.cost ?? 1;
    this.maxDelay = of.maxDelay ?? 0;
    const { burst, fillSeconds } = this.size;
    this.itemName = quotedString(of.name);
    this.policyItem = `${this.itemName};q=${Math.floor(burst / this.cost)};w=${fillSeconds}`;
    this.policyField = POLICY.with(this.policyItem);
  }
}

/** What an exchange is to take from one limit: `limit.cost` tokens from the bucket of a key. */
export interface Charge {
  readonly limit: Limit;
  /** Whose bucket; the same text for all if the limit counts all requests together. */
  readonly key: string;
}

/** What a charge found in its bucket. */
export class ChargeState {
  readonly charge: Charge;
  /** Whether this limit admits the exchange, at once or after a delay. */
  readonly fits: boolean;
  /** Parts (see `BucketSize`) in the bucket after the decision; below zero with those that wait. */
  level: number;

  constructor(charge: Charge, fits: boolean, level: number) {
    this.charge = charge;
    this.fits = fits;
    this.level = level;
  }

  /** Notes that its tokens are back in the bucket. */
  giveBack(): void {
    const { size, cost } = this.charge.limit;
    this.level = Math.min(size.capacity, this.level + cost * size.partsPerToken);
  }

  /** Its item of the RateLimit field: requests left, and seconds until there is one more. */
  get item(): string {
    const { itemName, size, cost } = this.charge.limit;
    const left = Math.floor(size.tokensIn(this.level) / cost);
    return `${itemName};r=${left};t=${this.#secondsUntil(left + 1)}`;
  }

  /** Whole seconds, rounded up, until the tokens of one request are there. */
  get secondsToFit(): number {
    return Math.max(1, this.#secondsUntil(1));
  }

  #secondsUntil(requests: number): number {
    const { size, cost } = this.charge.limit;
    return Math.ceil(size.microsecondsUntil(requests * cost, this.level) / 1e6);
  }
}

/** A String of RFC 9651 section 3.3.3; characters that it cannot hold are percent-encoded. */
export function quotedString(text: string): string {
  const ascii = text.toWellFormed().replace(/[^\x20-\x7E]/gu, encodeURIComponent);
  return `"${ascii.replace(/["\\]/g, "\\$&")}"`;
}
