import { PATIENCE_MS } from "./patience.ts";

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** What a process writes, line by line. */
export class Lines {
  readonly all: string[] = [];
  /** Settles when the process has closed its output. */
  readonly ended: Promise<void>;
  readonly #waiters = new Set<Waiter>();
  #closed = false;

  constructor(source: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#read(source);
  }

  get text(): string {
    return this.all.map((line) => `${line}\n`).join("");
  }

  matching(pattern: RegExp): string[] {
    return this.all.filter((line) => pattern.test(line));
  }

  /** The first line that matches, be it here already or still to come. */
  waitFor(pattern: RegExp): Promise<string> {
    const present = this.all.find((line) => pattern.test(line));
    if (present !== undefined) return Promise.resolve(present);
    if (this.#closed) return Promise.reject(this.#missing(pattern, "the output ended"));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(this.#missing(pattern, `${PATIENCE_MS} ms passed`));
      }, PATIENCE_MS);
      const waiter: Waiter = {
        pattern,
        resolve(line) {
          clearTimeout(timer);
          resolve(line);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  async #read(source: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const piece of source.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#add(line);
    }
    if (rest !== "") this.#add(rest);
    this.#closed = true;
    for (const { pattern, reject } of this.#waiters) {
      reject(this.#missing(pattern, "the output ended"));
    }
  }

  #add(line: string): void {
    this.all.push(line);
    for (const waiter of this.#waiters) {
      if (!waiter.pattern.test(line)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(line);
    }
  }

  #missing(pattern: RegExp, why: string): Error {
    return new Error(`${why} without a line that matches ${pattern}; there was:\n${this.text}`);
  }
}
