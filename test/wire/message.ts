import { BrokenOff, type Incoming } from "./incoming.ts";

export type Field = readonly [name: string, value: string];

/** A start line and its fields, one character per byte. */
export class Head {
  readonly text: string;
  readonly line: string;
  /** Names and values as they were on the wire, without the space around values. */
  readonly fields: readonly Field[];

  constructor(text: string) {
    this.text = text;
    const [line = "", ...rest] = text.replace(/(?:\r?\n)+$/, "").split(/\r?\n/);
    this.line = line;
    this.fields = rest.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
    });
  }

  /** The values of all lines of a field. */
  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.fields
      .filter(([known]) => known.toLowerCase() === wanted)
      .map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  /** The value of all lines of a field as one list; empty when there is none. */
  joined(name: string): string {
    return this.all(name).join(", ");
  }

  get chunked(): boolean {
    return /(?:^|,)\s*chunked\s*$/i.test(this.joined("transfer-encoding"));
  }

  get length(): number | undefined {
    const [length] = this.all("content-length");
    return length !== undefined && /^[0-9]+$/.test(length) ? Number(length) : undefined;
  }
}

const END_OF_HEAD = /\r?\n\r?\n/;

export async function readHead(incoming: Incoming): Promise<Head> {
  const bytes = await incoming.until(END_OF_HEAD);
  return new Head(bytes.toString("latin1").replace(/^(?:\r?\n)+/, ""));
}

export type Framing = "length" | "chunked" | "close" | "none";

export interface Content {
  readonly bytes: Buffer;
  readonly framing: Framing;
  /** Whether a recipient can see that it is complete (RFC 9112 section 8). */
  readonly complete: boolean;
  readonly trailers: readonly Field[];
}

const NONE: Content = { bytes: Buffer.alloc(0), framing: "none", complete: true, trailers: [] };

/** Reads content as the head frames it; breaks in it make it incomplete, and only that. */
export async function readContent(
  incoming: Incoming,
  head: Head,
  ifUnframed: "close" | "none",
): Promise<Content> {
  if (head.chunked) return readChunked(incoming);
  const { length } = head;
  if (length !== undefined) {
    try {
      const bytes = await incoming.exactly(length);
      return { bytes, framing: "length", complete: true, trailers: [] };
    } catch (error) {
      return { ...NONE, bytes: restOf(error), framing: "length", complete: false };
    }
  }
  if (ifUnframed === "none") return NONE;
  const { bytes, how } = await incoming.all();
  return { bytes, framing: "close", complete: how === "closed", trailers: [] };
}

async function readChunked(incoming: Incoming): Promise<Content> {
  const pieces: Buffer[] = [];
  const content = (complete: boolean, trailers: readonly Field[] = []): Content => ({
    bytes: Buffer.concat(pieces),
    framing: "chunked",
    complete,
    trailers,
  });
  try {
    for (;;) {
      const line = (await incoming.until("\n")).toString("latin1");
      const size = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n$/.exec(line)?.[1];
      if (size === undefined) return content(false);
      if (Number.parseInt(size, 16) === 0) break;
      pieces.push(await incoming.exactly(Number.parseInt(size, 16)));
      if ((await incoming.exactly(2)).toString("latin1") !== "\r\n") return content(false);
    }
    let trailers = "";
    for (;;) {
      const line = (await incoming.until("\n")).toString("latin1");
      if (line === "\r\n") return content(true, new Head(`\n${trailers}`).fields.slice(0));
      trailers += line;
    }
  } catch (error) {
    if (error instanceof BrokenOff) pieces.push(error.rest);
    return content(false);
  }
}

function restOf(error: unknown): Buffer {
  if (error instanceof BrokenOff) return error.rest;
  throw error;
}

/** Frames content as chunks of a size, the last one included. */
export function chunks(content: string | Buffer, size = 1024): Buffer {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content, "latin1");
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
  }
  return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}
