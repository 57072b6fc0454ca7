import { TOKEN } from "./fields.ts";

/** One field line of a message. Immutable, so that messages with equal lines share it. */
export interface Field {
  /** In lower case. */
  readonly name: string;
  /** Without blanks around it; each character is one byte. */
  readonly value: string;
  /** As HTTP/1.1 sends it: the name as it was written, a colon, the value and the line's end. */
  readonly line: string;
}

/** `name` is sent as it is written here. Throws a TypeError if HTTP cannot carry the name or the value. */
export function fieldOf(name: string, value: string): Field {
  return new FieldName(name).with(value);
}

/** A name that one field after another is made with, so that it is checked only once. */
export class FieldName {
  readonly #name: string;
  readonly #written: string;

  /** It is sent as it is written here. Throws a TypeError if HTTP cannot carry it. */
  constructor(written: string) {
    if (!TOKEN.test(written)) throw new TypeError(`invalid field name: ${JSON.stringify(written)}`);
    this.#name = written.toLowerCase();
    this.#written = written;
  }

  /** Throws a TypeError if HTTP cannot carry the value. */
  with(value: string): Field {
    // A line break would begin a field of its own.
    if (!FIELD_VALUE.test(value)) {
      throw new TypeError(`invalid value of the field ${this.#written}`);
    }
    return { name: this.#name, value, line: `${this.#written}: ${value}\r\n` };
  }
}

/** A field's value: bytes without control characters other than the tab (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/;
