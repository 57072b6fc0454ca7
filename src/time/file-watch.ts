import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Clock } from "./clock.ts";

const LOOK_EVERY_MS = 1_000;

/**
 * Reports that files have changed, once they have not changed for a second: a certificate and its key
 * are rarely replaced in one step. It looks instead of listening: events of file systems do not follow
 * the symbolic links by which certbot and Kubernetes replace files.
 */
export class FileWatch {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #files: readonly string[] = [];
  /** As they were when they were last read. */
  #known: readonly string[] = [];
  #last: readonly string[] = [];
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Watches these files in place of others. To be called before they are read. */
  watch(files: readonly string[]): void {
    this.stop();
    this.#files = files;
    this.#known = files.map(signatureNow);
    this.#last = this.#known;
    if (files.length > 0) this.#lookLater();
  }

  stop(): void {
    this.#cancel?.();
    this.#files = [];
  }

  #lookLater(): void {
    this.#cancel = this.#clock.schedule(LOOK_EVERY_MS, () => void this.#look(this.#files));
  }

  async #look(files: readonly string[]): Promise<void> {
    const seen = await Promise.all(files.map(signature));
    // Others are watched meanwhile, or none.
    if (this.#files !== files) return;
    const isSettled = Bun.deepEquals(this.#last, seen);
    this.#last = seen;
    this.#lookLater();
    if (!isSettled || Bun.deepEquals(this.#known, seen)) return;
    this.#known = seen;
    this.#onChange();
  }
}

async function signature(file: string): Promise<string> {
  try {
    return signatureOf(await stat(file));
  } catch {
    return "";
  }
}

function signatureNow(file: string): string {
  try {
    return signatureOf(statSync(file));
  } catch {
    return "";
  }
}

/** Differs after each change; of a symbolic link, that of its target. */
function signatureOf({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size}`;
}
