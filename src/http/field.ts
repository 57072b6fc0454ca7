/** One field line of a message. Immutable, so that messages with equal lines share it. */
export interface Field {
  /** In lower case. */
  readonly name: string;
  /** Without blanks around it; each character is one byte. */
  readonly value: string;
  /** As HTTP/1.1 sends it: the name as it was written, a colon, the value and the line's end. */
  readonly line: string;
}

/** `name` is sent as it is written here. */
export function fieldOf(name: string, value: string): Field {
  return { name: name.toLowerCase(), value, line: `${name}: ${value}\r\n` };
}
