import type { RawSocket } from "../../src/transport/line.ts";

/** A socket that takes as many bytes as a test lets it. */
export class FakeSocket implements RawSocket {
  /** One for each write of which something was taken. */
  written: Buffer[] = [];
  /** What else was done to it. */
  readonly done: string[] = [];
  /** How many bytes it takes before it is full. */
  room = Number.POSITIVE_INFINITY;

  write(data: string | Uint8Array): number {
    const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
    const taken = bytes.subarray(0, this.room);
    this.room -= taken.length;
    if (taken.length > 0) this.written.push(taken);
    return taken.length;
  }

  /** What was written since the last look. */
  take(): Buffer {
    const bytes = Buffer.concat(this.written);
    this.written = [];
    return bytes;
  }

  /** What was written, one character per byte. */
  get writes(): string[] {
    return this.written.map((bytes) => bytes.toString("latin1"));
  }

  get text(): string {
    return this.writes.join("");
  }

  pause(): void {
    this.done.push("pause");
  }

  resume(): void {
    this.done.push("resume");
  }

  shutdown(): void {
    this.done.push("shutdown");
  }

  end(): void {
    this.done.push("end");
  }

  terminate(): void {
    this.done.push("terminate");
  }

  setKeepAlive(): void {}
}
