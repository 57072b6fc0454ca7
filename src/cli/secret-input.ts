/** What a secret is read from: standard input. */
export interface SecretInput {
  /** Whether somebody types it. */
  readonly isTerminal: boolean;
  /** All of it, for what another program writes. At most `most` bytes; undefined for more. */
  read(most: number): Promise<Buffer | undefined>;
  /** A line that somebody types, without its being shown; undefined if they give up. */
  ask(prompt: string): Promise<string | undefined>;
}

/** The part of a terminal that is needed, as `process.stdin` has it. */
interface Terminal {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  on(event: "end" | "error", listener: () => void): unknown;
  removeAllListeners(event: string): unknown;
  resume(): unknown;
  pause(): unknown;
}

const INTERRUPT = "\u0003";
const END = "\u0004";
const CLEAR_LINE = "\u0015";
const BACKSPACES = new Set(["\b", "\u007F"]);

/** Reads secrets from a terminal or a pipe. */
export class StandardInput implements SecretInput {
  readonly #open: () => Terminal;
  readonly #show: (text: string) => void;
  readonly #onStop: (listener: () => void) => void;
  /** What has been typed ahead, after the last line. */
  #ahead = "";

  /**
   * `open` is called when it is needed: most commands leave the stream alone. `show` writes to where
   * somebody sees it; `onStop` calls back when the process is to stop.
   */
  constructor(
    open: () => Terminal,
    show: (text: string) => void,
    onStop: (listener: () => void) => void,
  ) {
    this.#open = open;
    this.#show = show;
    this.#onStop = onStop;
  }

  get #stream(): Terminal {
    return this.#open();
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true && this.#stream.setRawMode !== undefined;
  }

  read(most: number): Promise<Buffer | undefined> {
    const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
    const pieces: Buffer[] = [];
    let length = 0;
    const end = () => resolve(length > most ? undefined : Buffer.concat(pieces));
    this.#stream.on("data", (bytes) => {
      length += bytes.length;
      if (length > most) end();
      else pieces.push(bytes);
    });
    this.#stream.on("end", end);
    this.#stream.on("error", end);
    return promise.finally(() => this.#leave());
  }

  async ask(prompt: string): Promise<string | undefined> {
    // Before the prompt: until then the terminal shows what is typed.
    this.#stream.setRawMode?.(true);
    this.#show(prompt);
    try {
      return await this.#line();
    } finally {
      this.#stream.setRawMode?.(false);
      this.#leave();
      this.#show("\n");
    }
  }

  #line(): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const decoder = new TextDecoder();
    const line = new TypedLine();
    const take = (text: string) => {
      const characters = Array.from(text);
      for (const [index, character] of characters.entries()) {
        const end = line.take(character);
        if (end === undefined) continue;
        this.#ahead = characters.slice(index + 1).join("");
        resolve(end === "given up" ? undefined : line.text);
        return;
      }
    };
    const typed = this.#ahead;
    this.#ahead = "";
    this.#onStop(() => resolve(undefined));
    this.#stream.on("data", (bytes) => take(decoder.decode(bytes, { stream: true })));
    this.#stream.on("end", () => resolve(undefined));
    this.#stream.on("error", () => resolve(undefined));
    this.#stream.resume();
    take(typed);
    return promise;
  }

  #leave(): void {
    for (const event of ["data", "end", "error"]) this.#stream.removeAllListeners(event);
    this.#stream.pause();
  }
}

/** A line as it is typed on a terminal that passes every key on. */
class TypedLine {
  #characters: string[] = [];

  get text(): string {
    return this.#characters.join("");
  }

  /** Undefined as long as the line goes on. */
  take(character: string): "complete" | "given up" | undefined {
    if (character === "\r" || character === "\n") return "complete";
    if (character === INTERRUPT) return "given up";
    if (character === END) return this.#characters.length === 0 ? "given up" : "complete";
    if (BACKSPACES.has(character)) this.#characters.pop();
    else if (character === CLEAR_LINE) this.#characters = [];
    else this.#characters.push(character);
    return undefined;
  }
}
