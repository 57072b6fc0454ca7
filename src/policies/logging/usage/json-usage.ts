import type { ContentViewer } from "../../../pipeline/content.ts";

/** Numbers and a name of a language model's answer; -1 and empty as long as they are not known. */
export interface ReadUsage {
  model: string;
  /** Tokens: what OpenAI calls prompt or input tokens, and Anthropic input tokens, without cached ones. */
  input: number;
  /** Anthropic's: written to a cache, and read from one. */
  cacheWritten: number;
  cacheRead: number;
  output: number;
}

export const NO_USAGE: Readonly<ReadUsage> = {
  model: "",
  input: -1,
  cacheWritten: -1,
  cacheRead: -1,
  output: -1,
};

type Count = Exclude<keyof ReadUsage, "model">;

const COUNTS: ReadonlyMap<string, Count> = new Map<string, Count>([
  ["prompt_tokens", "input"],
  ["completion_tokens", "output"],
  ["input_tokens", "input"],
  ["output_tokens", "output"],
  ["cache_creation_input_tokens", "cacheWritten"],
  ["cache_read_input_tokens", "cacheRead"],
]);

/** Objects of which members are read: the text itself, the message in an event, and `usage` in either. */
type In = "nothing" | "root" | "message" | "usage";

/** What comes next. */
type Expect = "value" | "name" | "colon" | "comma";

/** What a scan is in the middle of. */
type Within = "nothing" | "string" | "escape" | "literal";

/** Longer names and numbers are none of those that are looked for; a longer model is not one. */
const LONGEST = 256;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
/** UTF-8's byte order mark, which may stand first. */
const MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads model and tokens of a JSON text as it passes, in pieces that may end anywhere, in constant memory.
 * What stands in other places, or in strings, is not read. A text that is not JSON gives nothing, or what
 * stood before the mistake.
 */
export class JsonUsage implements ContentViewer {
  /** What has been read. To be trusted once `isComplete`. */
  read: ReadUsage = { ...NO_USAGE };
  readonly #readsMessages: boolean;
  /** What earlier pieces have of the current string or literal, each character one byte. */
  #text = "";
  /** Where it begins in the current piece; -1 if it is not wanted. */
  #from = -1;
  #within: Within = "nothing";
  #expect: Expect = "value";
  #place: In = "nothing";
  /** The objects around the current one, of those whose members are read. */
  readonly #around: In[] = [];
  /** Containers open within one that is not read. */
  #skipped = 0;
  #name = "";
  #isOver = false;
  #hasFailed = false;
  #marks = 0;

  /** `readsMessages`: whether what it looks for may stand one object deeper, as in events of streams. */
  constructor(readsMessages: boolean) {
    this.#readsMessages = readsMessages;
  }

  /** Whether the text was an object, and has ended. */
  get isComplete(): boolean {
    return this.#isOver && !this.#hasFailed;
  }

  /** Begins another text. */
  reset(): void {
    this.read = { ...NO_USAGE };
    this.#text = "";
    this.#from = -1;
    this.#within = "nothing";
    this.#expect = "value";
    this.#place = "nothing";
    this.#around.length = 0;
    this.#skipped = 0;
    this.#name = "";
    this.#isOver = false;
    this.#hasFailed = false;
    this.#marks = 0;
  }

  /** Nothing more comes. */
  end(): void {}

  see(bytes: Uint8Array, from = 0, to = bytes.length): void {
    let at = from;
    if (this.#from >= 0) this.#from = from;
    while (at < to && !this.#hasFailed) {
      if (this.#within === "string") at = this.#inString(bytes, at, to);
      else if (this.#within === "escape") {
        this.#within = "string";
        at += 1;
      } else if (this.#skipped > 0) at = this.#skip(bytes, at, to);
      else at = this.#step(bytes, at);
    }
    if (this.#from >= 0) this.#keep(bytes, to);
  }

  /** To the end of a string, or of what is there. */
  #inString(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    for (; at < to; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#within = "nothing";
        if (this.#skipped === 0) this.#endString(bytes, at);
        return at + 1;
      }
      if (byte === BACKSLASH) {
        this.#within = "escape";
        return at + 1;
      }
    }
    return at;
  }

  /** In a container that is not read: to its end, a string, or the end of what is there. */
  #skip(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    for (; at < to; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#within = "string";
        return at + 1;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#skipped += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        this.#skipped -= 1;
        if (this.#skipped === 0) {
          this.#expect = "comma";
          return at + 1;
        }
      }
    }
    return at;
  }

  /** One byte outside of strings, in an object that is read. Returns where to go on. */
  #step(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] ?? 0;
    if (this.#within === "literal") {
      if (!endsLiteral(byte)) return at + 1;
      this.#endLiteral(bytes, at);
    }
    if (isBlank(byte)) return at + 1;
    if (this.#isOver) return this.#fail(at);
    if (this.#place === "nothing") return this.#begin(byte, at);
    switch (byte) {
      case QUOTE:
        return this.#beginString(at);
      case COLON:
        return this.#pass("colon", "value", at);
      case COMMA:
        return this.#pass("comma", "name", at);
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        return this.#open(byte === OPEN_OBJECT, at);
      case CLOSE_OBJECT:
        return this.#close(at);
      default:
        return this.#beginLiteral(at);
    }
  }

  /** Before the first object. */
  #begin(byte: number, at: number): number {
    if (byte === MARK[this.#marks]) this.#marks += 1;
    else if (byte === OPEN_OBJECT && this.#marks % MARK.length === 0) {
      this.#place = "root";
      this.#expect = "name";
    } else return this.#fail(at);
    return at + 1;
  }

  #pass(expected: Expect, next: Expect, at: number): number {
    if (this.#expect !== expected) return this.#fail(at);
    this.#expect = next;
    return at + 1;
  }

  #beginString(at: number): number {
    if (this.#expect !== "name" && this.#expect !== "value") return this.#fail(at);
    const isWanted = this.#expect === "name" || this.#isModel;
    this.#from = isWanted ? at + 1 : -1;
    this.#within = "string";
    return at + 1;
  }

  #endString(bytes: Uint8Array, end: number): void {
    const text = this.#from >= 0 ? decodedText(this.#take(bytes, end)) : "";
    if (this.#expect === "name") {
      this.#name = text;
      this.#expect = "colon";
      return;
    }
    if (this.#isModel) this.read.model = text;
    this.#expect = "comma";
  }

  #beginLiteral(at: number): number {
    if (this.#expect !== "value") return this.#fail(at);
    this.#from = this.#place === "usage" && COUNTS.has(this.#name) ? at : -1;
    this.#within = "literal";
    return at + 1;
  }

  #endLiteral(bytes: Uint8Array, end: number): void {
    this.#within = "nothing";
    this.#expect = "comma";
    const count = this.#from >= 0 ? COUNTS.get(this.#name) : undefined;
    if (count === undefined) return;
    const number = Number(this.#take(bytes, end));
    if (Number.isSafeInteger(number) && number >= 0) this.read[count] = number;
  }

  #open(isObject: boolean, at: number): number {
    if (this.#expect !== "value") return this.#fail(at);
    const place = isObject ? this.#placeOf(this.#name) : "nothing";
    if (place === "nothing") this.#skipped = 1;
    else {
      this.#around.push(this.#place);
      this.#place = place;
      this.#expect = "name";
    }
    return at + 1;
  }

  #placeOf(name: string): In {
    if (this.#place === "usage") return "nothing";
    if (name === "usage") return "usage";
    const isMessage = name === "response" || name === "message";
    return isMessage && this.#readsMessages && this.#place === "root" ? "message" : "nothing";
  }

  #close(at: number): number {
    // A comma before it is a mistake that is let pass.
    if (this.#expect !== "comma" && this.#expect !== "name") return this.#fail(at);
    const around = this.#around.pop();
    if (around === undefined) this.#isOver = true;
    else this.#place = around;
    this.#expect = "comma";
    return at + 1;
  }

  get #isModel(): boolean {
    return this.#expect === "value" && this.#name === "model" && this.#place !== "usage";
  }

  /** Keeps what this piece has of a string or literal that goes on. */
  #keep(bytes: Uint8Array, to: number): void {
    if (this.#text.length + to - this.#from > LONGEST) {
      this.#from = -1;
      this.#text = "";
      return;
    }
    this.#text += bytesAsText(bytes, this.#from, to);
    // The next piece has it from its beginning on.
    this.#from = 0;
  }

  /** The string or literal that ends here; empty if it is too long. */
  #take(bytes: Uint8Array, end: number): string {
    const from = this.#from;
    const before = this.#text;
    this.#from = -1;
    this.#text = "";
    if (before.length + end - from > LONGEST) return "";
    return before + bytesAsText(bytes, from, end);
  }

  #fail(at: number): number {
    this.#hasFailed = true;
    return at + 1;
  }
}

/** Each character is one byte. */
function bytesAsText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** What a JSON string says, by its inside as bytes; empty if that is not valid. */
function decodedText(inside: string): string {
  if (PLAIN.test(inside)) return inside;
  const text = Buffer.from(inside, "latin1").toString();
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return "";
  }
}

const PLAIN = /^[ -[\]-~]*$/;

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endsLiteral(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || isBlank(byte);
}
