/** DER (ITU-T X.690), as far as certificates and requests for them need it. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** An element with its tag and length in front. */
function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...items: readonly Uint8Array[]): Buffer =>
  element(TAG.sequence, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => element(TAG.set, ...items);
export const octetString = (content: Uint8Array): Buffer => element(TAG.octetString, content);
export const bitString = (content: Uint8Array): Buffer =>
  element(TAG.bitString, Buffer.from([0]), content);
export const utf8String = (text: string): Buffer => element(TAG.utf8String, Buffer.from(text));
export const boolean = (value: boolean): Buffer =>
  element(TAG.boolean, Buffer.from([value ? 0xff : 0]));

/** A number that is not negative, from its bytes, the most significant first. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const isSigned = ((digits[0] ?? 0) & 0x80) !== 0;
  return element(TAG.integer, ...(isSigned ? [Buffer.from([0])] : []), digits);
}

/** An element with a tag of its context: `[number]`. */
export function tagged(number: number, content: Uint8Array, constructed = true): Buffer {
  return element((constructed ? 0xa0 : 0x80) | number, content);
}

/** Whole seconds of Unix epoch milliseconds, in the form that RFC 5280 section 4.1.2.5 wants. */
export function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return text < "2050"
    ? element(TAG.utcTime, Buffer.from(text.slice(2)))
    : element(TAG.generalizedTime, Buffer.from(text));
}

/** An object identifier, written with dots. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift(0x80 | (left % 128));
    }
    return digits;
  });
  return element(TAG.objectIdentifier, Buffer.from(bytes));
}

/** An element that was read. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** Reads elements that follow one another. Throws an Error for anything else. */
export function elementsOf(bytes: Uint8Array): DerElement[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: DerElement[] = [];
  let start = 0;
  while (start < buffer.length) {
    const tag = buffer.readUInt8(start);
    const { length, size } = readLength(buffer, start + 1);
    const begin = start + 1 + size;
    const end = begin + length;
    if (end > buffer.length) throw new Error("a DER element is longer than what contains it");
    elements.push({
      tag,
      content: buffer.subarray(begin, end),
      whole: buffer.subarray(start, end),
    });
    start = end;
  }
  return elements;
}

function readLength(buffer: Buffer, at: number): { length: number; size: number } {
  const first = buffer.readUInt8(at);
  if (first < 0x80) return { length: first, size: 1 };
  const digits = first & 0x7f;
  if (digits === 0 || digits > 4) throw new Error("the length of a DER element is out of range");
  return { length: buffer.readUIntBE(at + 1, digits), size: 1 + digits };
}
