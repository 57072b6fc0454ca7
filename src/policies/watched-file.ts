import { FileProblem, readTextFile, readTextFileLater } from "../documents/text-file.ts";
import type { PolicyServices } from "../pipeline/policy.ts";
import type { Clock } from "../time/clock.ts";
import { FileWatch } from "../time/file-watch.ts";
import { runInSlices, runThrough, type Steps } from "../time/slices.ts";

/** Milliseconds for which reading a file again holds up requests. */
const SLICE_MS = 2;
/** Larger texts take longer than a reload may hold up requests. */
const LARGE = 64 * 1024;

/** What a file has, and words for it. */
export interface FileContent<Content> {
  /** As in "the API keys of keys.yaml". */
  readonly what: string;
  /** Throws a FileProblem. */
  parse(file: string, text: string): Steps<Content>;
}

/**
 * A file that the operator writes, read again when it changes. If it cannot be used any more, that is
 * reported once, with the place and the remedy, and what was read before stays in force.
 */
export class WatchedFile<Content> {
  readonly #file: string;
  readonly #kind: FileContent<Content>;
  readonly #clock: Clock;
  readonly #log: PolicyServices["log"];
  readonly #watch: FileWatch;
  #content: Content;
  /** Of the text that was last used or reported; empty if there was none to read. */
  #digest: string;
  /** Counts readings, so that a newer one overtakes. */
  #reading = 0;

  /** Reads the file. Throws a FileProblem. */
  constructor(
    file: string,
    kind: FileContent<Content>,
    { clock, log }: Pick<PolicyServices, "clock" | "log">,
  ) {
    this.#file = file;
    this.#kind = kind;
    this.#clock = clock;
    this.#log = log;
    this.#watch = new FileWatch(clock, () => void this.#reread());
    this.#watch.watch([file]);
    try {
      const text = readTextFile(file);
      this.#digest = digestOf(text);
      this.#content = runThrough(kind.parse(file, text));
    } catch (error) {
      this.#watch.stop();
      throw error;
    }
  }

  get content(): Content {
    return this.#content;
  }

  /**
   * Reads the file if it has changed: a reload does not wait for the watch. Done when this returns, unless
   * the file is large.
   */
  refresh(): void {
    this.#reading += 1;
    let digest = "";
    try {
      const text = readTextFile(this.#file);
      digest = digestOf(text);
      if (digest === this.#digest) return;
      if (text.length > LARGE) {
        void this.#reread();
        return;
      }
      this.#use(digest, runThrough(this.#kind.parse(this.#file, text)));
    } catch (error) {
      this.#report(digest, error);
    }
  }

  close(): void {
    this.#reading += 1;
    this.#watch.stop();
  }

  async #reread(): Promise<void> {
    this.#reading += 1;
    const reading = this.#reading;
    const slicing = { clock: this.#clock, defer: setImmediate, slice: SLICE_MS };
    let digest = "";
    try {
      const text = await readTextFileLater(this.#file);
      digest = digestOf(text);
      if (digest === this.#digest) return;
      const content = await runInSlices(this.#kind.parse(this.#file, text), slicing);
      if (reading === this.#reading) this.#use(digest, content);
    } catch (error) {
      if (reading === this.#reading) this.#report(digest, error);
    }
  }

  #use(digest: string, content: Content): void {
    this.#digest = digest;
    this.#content = content;
    this.#log("info", `the ${this.#kind.what} of ${this.#file} have been read again`);
  }

  #report(digest: string, error: unknown): void {
    this.#digest = digest;
    const problems =
      error instanceof FileProblem ? error.problems : [`${this.#file}: ${String(error)}`];
    for (const problem of problems) this.#log("error", problem);
    const { what } = this.#kind;
    this.#log("error", `the ${what} read before stay in force until ${this.#file} is right again`);
  }
}

function digestOf(text: string): string {
  return Bun.CryptoHasher.hash("sha256", text, "base64");
}
