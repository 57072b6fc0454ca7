import { FileProblem, readTextFile, readTextFileLater } from "../../../documents/text-file.ts";
import type { Clock } from "../../../time/clock.ts";
import { FileWatch } from "../../../time/file-watch.ts";
import type { Log } from "../../../units/log-level.ts";
import { ChangingKeys } from "./changing-keys.ts";
import { type KnownKey, KeySetProblem, type ReadKeys } from "./jwk-set.ts";
import { type KeySet, KeysUnavailable } from "./key-set.ts";
import type { VerificationKey } from "./verification-key.ts";

/** From one look at the files for a token's sake to the next. */
const LEAST_BETWEEN_MS = 1_000;

/** Reads the files' texts, in their order. Throws a KeySetProblem. */
export type ReadTexts = (texts: readonly string[], known: readonly KnownKey[]) => ReadKeys;

interface FileKeysOptions {
  readonly files: readonly string[];
  readonly read: ReadTexts;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keys in files, which are read again when they change. To be kept across reloads, by their names, and
 * closed.
 */
export class FileKeys implements KeySet {
  readonly #options: FileKeysOptions;
  readonly #keys: ChangingKeys;
  readonly #watch: FileWatch;
  #reading: Promise<void> | undefined;
  #readAt: number;

  constructor(options: FileKeysOptions) {
    const { clock, log, files } = options;
    this.#options = options;
    this.#keys = new ChangingKeys(files.join(", "), log);
    this.#watch = new FileWatch(clock, () => void this.#readAgain());
    this.#watch.watch(files);
    this.#readAt = clock.monotonic();
    try {
      this.#take(files.map(readTextFile));
    } catch (error) {
      this.#keys.failed(reasonOf(error));
    }
  }

  current(): readonly VerificationKey[] {
    const { keys } = this.#keys;
    if (keys === undefined) throw new KeysUnavailable("the files of keys cannot be read");
    return keys;
  }

  /** A token can be faster than the watch. */
  async lookFor(): Promise<readonly VerificationKey[]> {
    const isDue = this.#options.clock.monotonic() - this.#readAt >= LEAST_BETWEEN_MS;
    if (isDue || this.#reading !== undefined) await this.#readAgain();
    return this.#keys.keys ?? [];
  }

  close(): void {
    this.#keys.retire();
    this.#watch.stop();
  }

  #take(texts: readonly string[]): void {
    this.#keys.replace(this.#options.read(texts, this.#keys.known));
  }

  #readAgain(): Promise<void> {
    this.#readAt = this.#options.clock.monotonic();
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    try {
      this.#take(await Promise.all(this.#options.files.map(readTextFileLater)));
    } catch (error) {
      this.#keys.failed(reasonOf(error));
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FileProblem || error instanceof KeySetProblem) return error.message;
  throw error;
}
