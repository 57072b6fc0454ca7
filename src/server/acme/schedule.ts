import type { RenewalWindow } from "./answers.ts";
import type { IssuerError } from "./issuer-error.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** From when to when a certificate is valid, in Unix epoch milliseconds. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

/**
 * When to renew, in Unix epoch milliseconds: at a random time in the issuer's window, otherwise once two
 * thirds of the lifetime are over and up to a sixtieth of it later, so that gateways that started
 * together do not renew together. `random` is from 0 to 1.
 */
export function renewalTime(
  { from, to }: Validity,
  window: RenewalWindow | undefined,
  random: number,
): number {
  const lifetime = to - from;
  if (window === undefined) return from + lifetime * (2 / 3 + random / 60);
  const wanted = window.start + (window.end - window.start) * random;
  // The time that is left is for attempts that fail.
  return Math.min(wanted, from + lifetime * 0.9);
}

/** When to ask for the issuer's window again, in milliseconds from now. */
export function windowAge(window: RenewalWindow | undefined): number {
  const wanted = window?.askAgainMs ?? 6 * HOUR_MS;
  return Math.min(Math.max(wanted, MINUTE_MS), DAY_MS);
}

/**
 * Milliseconds until the next attempt, doubling with each failure. Refusals count against the issuer's
 * rate limits (Let's Encrypt allows five failed validations an hour for a name), so they begin at five
 * minutes; an issuer that cannot be reached counts nothing. `left` is how long the current certificate
 * is still valid, of which no more than a quarter is waited for. Retry-After is respected in any case.
 */
export function retryDelay(
  failures: number,
  error: IssuerError | undefined,
  left: number,
  random: number,
): number {
  const first = error?.isRefusal === false ? MINUTE_MS / 2 : 5 * MINUTE_MS;
  const longest = left > 0 ? Math.min(Math.max(left / 4, first), LONGEST_MS) : LONGEST_MS;
  const delay = Math.min(first * 2 ** Math.min(failures - 1, 20), longest);
  const least = error?.type === "rateLimited" ? HOUR_MS : 0;
  const asked = Math.min(error?.retryAfterMs ?? least, 7 * DAY_MS);
  return Math.max(delay, asked) * (1 + random / 4);
}

const LONGEST_MS = 6 * HOUR_MS;
