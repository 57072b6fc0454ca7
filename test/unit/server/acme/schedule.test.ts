import { describe, expect, test } from "bun:test";
import { IssuerError } from "../../../../src/server/acme/issuer-error.ts";
import { renewalTime, retryDelay, windowAge } from "../../../../src/server/acme/schedule.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("when a certificate is renewed", () => {
  test("at two thirds of its lifetime, each a little later than the other", () => {
    const validity = { from: 0, to: 90 * DAY };
    expect(renewalTime(validity, undefined, 0)).toBe(60 * DAY);
    expect(renewalTime(validity, undefined, 1)).toBeCloseTo(61.5 * DAY, -3);
    expect(renewalTime({ from: 0, to: 6 * DAY }, undefined, 0)).toBe(4 * DAY);
  });

  test("in the issuer's window where it gives one, but never at the last moment", () => {
    const validity = { from: 0, to: 90 * DAY };
    const window = { start: 50 * DAY, end: 52 * DAY, askAgainMs: undefined };
    expect(renewalTime(validity, window, 0.5)).toBe(51 * DAY);
    const late = { start: 89 * DAY, end: 90 * DAY, askAgainMs: undefined };
    expect(renewalTime(validity, late, 0.5)).toBe(81 * DAY);
  });

  test("the window is asked for again when the issuer says, within bounds", () => {
    const window = { start: 0, end: 0 };
    expect(windowAge(undefined)).toBe(6 * HOUR);
    expect(windowAge({ ...window, askAgainMs: 2 * HOUR })).toBe(2 * HOUR);
    expect(windowAge({ ...window, askAgainMs: 0 })).toBe(MINUTE);
    expect(windowAge({ ...window, askAgainMs: 30 * DAY })).toBe(DAY);
  });
});

describe("when a failed attempt is repeated", () => {
  const refused = new IssuerError("unauthorized", "no");
  const unreachable = new IssuerError("unreachable", "no");

  test("refusals double from five minutes to six hours", () => {
    const delays = [1, 2, 3, 4, 8, 100].map((failures) => retryDelay(failures, refused, 0, 0));
    expect(delays.map((delay) => delay / MINUTE)).toEqual([5, 10, 20, 40, 360, 360]);
  });

  test("at most five of them fall into the first hour", () => {
    let [time, attempts] = [0, 1];
    while ((time += retryDelay(attempts, refused, 0, 0)) < HOUR) attempts += 1;
    expect(attempts).toBeLessThanOrEqual(5);
  });

  test("an issuer that cannot be reached is asked again sooner", () => {
    expect(retryDelay(1, unreachable, 0, 0)).toBe(MINUTE / 2);
    expect(retryDelay(2, undefined, 0, 0)).toBe(10 * MINUTE);
  });

  test("chance spreads attempts over a quarter of the delay", () => {
    expect(retryDelay(1, refused, 0, 1)).toBe(5 * MINUTE * 1.25);
  });

  test("a certificate that expires soon is not waited with for longer than a quarter of what is left", () => {
    expect(retryDelay(20, refused, 8 * HOUR, 0)).toBe(2 * HOUR);
    expect(retryDelay(20, refused, MINUTE, 0)).toBe(5 * MINUTE);
  });

  test("the issuer's own wish counts more", () => {
    const limited = (ms?: number) => new IssuerError("rateLimited", "no", ms);
    expect(retryDelay(1, limited(3 * HOUR), 0, 0)).toBe(3 * HOUR);
    expect(retryDelay(1, limited(), 0, 0)).toBe(HOUR);
    expect(retryDelay(1, limited(365 * DAY), 0, 0)).toBe(7 * DAY);
  });
});
