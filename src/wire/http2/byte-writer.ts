/** Bytes that are written one after another, into a buffer that grows. */
export class ByteWriter {
  bytes: Buffer;
  /** How many bytes have been written. */
  length = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Makes room for so many further bytes. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** The following need room that was reserved. */
  byte(value: number): void {
    this.bytes[this.length] = value;
    this.length += 1;
  }

  /** Text of one character a byte. */
  latin1(text: string): void {
    this.length += this.bytes.write(text, this.length, "latin1");
  }

  /** A whole number below 2^32. */
  uint32(value: number): void {
    this.bytes.writeUInt32BE(value, this.length);
    this.length += 4;
  }

  /** Makes room by itself. */
  copy(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}
