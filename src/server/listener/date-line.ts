import type { Clock } from "../../time/clock.ts";

/** The Date field's line of answers (RFC 9110 section 6.6.1), made once a second. */
export class DateLine {
  readonly #clock: Clock;
  #second = -1;
  #line = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get text(): string {
    const second = Math.floor(this.#clock.wall() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#line = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#line;
  }
}
