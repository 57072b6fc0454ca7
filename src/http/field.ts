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
  if (!TOKEN.test(name)) throw new TypeError(`invalid field name: ${JSON.stringify(name)}`);
  // A line break would begin a field of its own.
  if (!FIELD_VALUE.test(value)) throw new TypeError(`invalid value of the field ${name}`);
  return { name: name.toLowerCase(), value, line: `${name}: ${value}\r\n` };
}

/** A field's value: bytes without control characters other than the tab (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7E\x80-\xFF]*$/;
