import { type Field, fieldOf } from "../../http/field.ts";
import type { Clock } from "../../time/clock.ts";

/** The Date field's line of answers (RFC 9110 section 6.6.1), made once a second. */
export class DateLine {
  readonly #clock: Clock;
  #second = -1;
  #field: Field = NO_DATE;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** With its end. */
  get text(): string {
    return this.field.line;
  }

  /** The same object for a second. */
  get field(): Field {
    const second = Math.floor(this.#clock.wall() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#field = fieldOf("Date", new Date(second * 1000).toUTCString());
    }
    return this.#field;
  }
}

const NO_DATE = fieldOf("Date", "");
