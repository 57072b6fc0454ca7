import { isUtf8 } from "node:buffer";

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
export const QUOTE = 0x22;
const PLUS = 0x2b;
export const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const FIRST_PRINTABLE = 0x20;
const FIRST_BEYOND_ASCII = 0x80;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const LITERALS = ["true", "false", "null"].map((word) => Buffer.from(word));
const ESCAPABLE: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const INVALID = -1;

/** Where the text begins: after a byte order mark, which parsers may ignore (RFC 8259 section 8.1). */
export function startOfText(bytes: Uint8Array): number {
  return BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte) ? BYTE_ORDER_MARK.length : 0;
}

/**
 * Whether the bytes from `start` on are one JSON text in UTF-8 (RFC 8259), with nothing else around it
 * than blanks. Without recursion, so that no nesting is too deep.
 */
export function isJson(bytes: Uint8Array, start: number): boolean {
  if (!isUtf8(bytes)) return false;
  // For each open container whether it is an object.
  let kinds = new Uint8Array(64);
  let depth = 0;
  let at = afterBlanks(bytes, start);
  for (;;) {
    const first = bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      const isObject = first === OPEN_OBJECT;
      if (depth === kinds.length) kinds = doubled(kinds);
      kinds[depth] = isObject ? 1 : 0;
      depth += 1;
      at = afterBlanks(bytes, at + 1);
      // An empty one ends below, like any other.
      if (bytes[at] !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        if (isObject) at = afterName(bytes, at);
        if (at === INVALID) return false;
        continue;
      }
    } else {
      at = afterScalar(bytes, at);
      if (at === INVALID) return false;
    }
    // After a value, or at the end of an empty container.
    for (;;) {
      at = afterBlanks(bytes, at);
      if (depth === 0) return at === bytes.length;
      const isObject = kinds[depth - 1] === 1;
      const next = bytes[at];
      at += 1;
      if (next === COMMA) {
        at = afterBlanks(bytes, at);
        if (isObject) at = afterName(bytes, at);
        if (at === INVALID) return false;
        break;
      }
      if (next !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return false;
      depth -= 1;
    }
  }
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(bytes.length * 2);
  more.set(bytes);
  return more;
}

/** The start of the value of a member whose name begins here; −1 if it is not valid. */
function afterName(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== QUOTE) return INVALID;
  const end = afterString(bytes, start);
  if (end === INVALID) return INVALID;
  const colon = afterBlanks(bytes, end);
  return bytes[colon] === COLON ? afterBlanks(bytes, colon + 1) : INVALID;
}

function afterScalar(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return afterString(bytes, start);
  if (first === MINUS || isDigit(first)) return afterNumber(bytes, start);
  for (const literal of LITERALS) {
    if (literal.every((byte, index) => bytes[start + index] === byte)) {
      return start + literal.length;
    }
  }
  return INVALID;
}

function afterString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < FIRST_PRINTABLE) return INVALID;
    if (byte !== BACKSLASH) continue;
    at += 1;
    const escaped = bytes[at] ?? 0;
    if (escaped === LOWER_U) {
      for (let digit = 1; digit <= 4; digit += 1) {
        if (!isHexDigit(bytes[at + digit])) return INVALID;
      }
      at += 4;
    } else if (!ESCAPABLE.has(escaped)) return INVALID;
  }
  return INVALID;
}

function afterNumber(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const whole = at;
  at = afterDigits(bytes, at);
  if (at === whole || (bytes[whole] === ZERO && at > whole + 1)) return INVALID;
  if (bytes[at] === DOT) {
    const fraction = at + 1;
    at = afterDigits(bytes, fraction);
    if (at === fraction) return INVALID;
  }
  // "e" in either case.
  if (((bytes[at] ?? 0) | 0x20) === 0x65) {
    at += 1;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at += 1;
    const exponent = at;
    at = afterDigits(bytes, exponent);
    if (at === exponent) return INVALID;
  }
  return at;
}

function afterDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number | undefined): boolean {
  if (isDigit(byte)) return true;
  const lower = (byte ?? 0) | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}

export function afterBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return at;
    at += 1;
  }
}

/** The end of a string of valid JSON. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (;;) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
}

/** The start of the value whose name ends here, in valid JSON. */
export function startOfValue(bytes: Uint8Array, endOfName: number): number {
  return afterBlanks(bytes, afterBlanks(bytes, endOfName) + 1);
}

/** The end of a value of valid JSON, from its first byte. */
export function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return endOfString(bytes, start);
  let at = start;
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
    let depth = 0;
    for (;;) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        at = endOfString(bytes, at);
        continue;
      }
      at += 1;
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1;
        if (depth === 0) return at;
      }
    }
  }
  // A number, true, false or null: up to what separates it from the next.
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte === COMMA || byte <= SPACE) return at;
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return at;
    at += 1;
  }
}

/** The name between two quotes of valid JSON, without its escapes. */
export function nameAt(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > LONG_NAME) return anyNameAt(bytes, start, end);
  let name = "";
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte >= FIRST_BEYOND_ASCII || byte === BACKSLASH) return anyNameAt(bytes, start, end);
    name += String.fromCharCode(byte);
  }
  return name;
}

/** Bytes above which a call of the runtime is faster than a loop. */
const LONG_NAME = 32;

function anyNameAt(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.subarray(start + 1, end - 1)).toString();
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}
