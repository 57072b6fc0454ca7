import type { Line } from "../../../transport/line.ts";

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
    const [first] = this.#parts;
    if (first === undefined) return;
    this.#line.write(this.#parts.length === 1 ? asBytes(first) : this.#joined());
    this.#parts = [];
    this.#bytes = 0;
  }

  #joined(): Buffer {
    const all = Buffer.allocUnsafe(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      if (typeof part === "string") all.write(part, at, "latin1");
      else all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** A socket encodes text as UTF-8, which is the same only for ASCII. */
export function asBytes(part: string | Uint8Array): string | Uint8Array {
  if (typeof part !== "string" || Buffer.byteLength(part) === part.length) return part;
  return Buffer.from(part, "latin1");
}
