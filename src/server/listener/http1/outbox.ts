import type { Line } from "../../../transport/line.ts";

/** Bytes of a part that is written by itself: copying it costs more than a further write. */
export const LARGE = 32_768;

/** Collects parts of a message, so that as few writes as can be send them. */
export class Outbox {
  readonly #line: Line;
  #parts: (string | Uint8Array)[] = [];
  #bytes = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  /** Bytes that are collected. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Text whose characters are one byte each, or bytes; neither is empty. */
  add(part: string | Uint8Array): void {
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  flush(): void {
    const parts = this.#parts;
    let begin = 0;
    for (let at = 0; at < parts.length; at += 1) {
      if ((parts[at]?.length ?? 0) < LARGE) continue;
      this.#write(parts.slice(begin, at));
      this.#write(parts.slice(at, at + 1));
      begin = at + 1;
    }
    this.#write(begin === 0 ? parts : parts.slice(begin));
    this.#parts = [];
    this.#bytes = 0;
  }

  #write(parts: readonly (string | Uint8Array)[]): void {
    const [first] = parts;
    if (first === undefined) return;
    this.#line.write(parts.length === 1 ? asBytes(first) : joined(parts));
  }
}

function joined(parts: readonly (string | Uint8Array)[]): Buffer {
  const all = Buffer.allocUnsafe(parts.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") all.write(part, at, "latin1");
    else all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A socket encodes text as UTF-8, which is the same only for ASCII. */
export function asBytes(part: string | Uint8Array): string | Uint8Array {
  if (typeof part !== "string" || Buffer.byteLength(part) === part.length) return part;
  return Buffer.from(part, "latin1");
}
