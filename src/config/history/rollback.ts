import { randomUUID } from "node:crypto";
import { closeSync, constants, copyFileSync, fchmodSync, fsyncSync, openSync } from "node:fs";
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isError, type Loaded } from "../load.ts";
import type { ConfigRemark } from "./config-source.ts";
import { remarksOf } from "./source.ts";
import { type MissingSecret, type RestoredText, restoredText } from "./restored-text.ts";

/** An earlier configuration cannot be written to the file. The message says why, and what to do. */
export class RollbackError extends Error {
  override readonly name = "RollbackError";
  /** What is wrong with the text, if that is why. */
  readonly remarks: readonly ConfigRemark[];

  constructor(message: string, remarks: readonly ConfigRemark[] = []) {
    super(message);
    this.remarks = remarks;
  }
}

export interface RollbackServices {
  /** Reads and checks a configuration file, without using it. */
  readonly check: (file: string) => Promise<Loaded>;
  /** See `restoredText`; large texts take seconds. */
  readonly restore?: ((stored: string, present: string) => Promise<RestoredText>) | undefined;
  /** Unix epoch milliseconds. */
  readonly now: number;
}

/**
 * Writes an earlier configuration, whose text is stored without secrets, to the file: whole or not at
 * all, and only if it is valid. Answers where the text before is kept; undefined if it is the same.
 * Rejects with a RollbackError.
 */
export async function writeEarlier(
  file: string,
  stored: string,
  { check, restore, now }: RollbackServices,
): Promise<string | undefined> {
  const real = regularFile(file);
  const present = readFileSync(real, "utf8");
  const restored = await (restore?.(stored, present) ?? restoredText(stored, present));
  if ("missing" in restored) throw new RollbackError(missingText(restored.missing, file));
  if (restored.text === present) return undefined;
  const stamp = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const candidate = `${real}.rollback-${stamp}-${randomUUID().slice(0, 8)}`;
  try {
    writeLike(real, candidate, restored.text);
    const { config, diagnostics } = await check(candidate);
    if (config === undefined) {
      const first = diagnostics.find(isError);
      throw new RollbackError(
        `that configuration is not valid here any more${first === undefined ? "" : `: line ${first.line}: ${first.message}`}`,
        remarksOf(diagnostics),
      );
    }
    // Somebody may have edited it while this one was checked.
    if (readFileSync(real, "utf8") !== present) {
      throw new RollbackError(`${file} has been changed meanwhile; nothing was written`);
    }
    const backup = copyBeside(real, `${real}.before-${stamp}`);
    renameSync(candidate, real);
    return backup;
  } catch (error) {
    rmSync(candidate, { force: true });
    if (error instanceof RollbackError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RollbackError(`cannot write ${file}: ${reason}`);
  }
}

/** What a link leads to: the link is to stay. */
function regularFile(file: string): string {
  try {
    const real = realpathSync(file);
    if (statSync(real).isFile()) return real;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RollbackError(`cannot read ${file}: ${reason}`);
  }
  throw new RollbackError(`${file} is no file that can be written; change its source instead`);
}

/** Copies a file under a new name: no earlier copy is replaced, even one of the same second. */
function copyBeside(file: string, name: string): string {
  for (let number = 1; ; number += 1) {
    const copy = number === 1 ? name : `${name}-${number}`;
    try {
      copyFileSync(file, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Writes a new file with the permissions of another one. */
function writeLike(other: string, file: string, text: string): void {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    fchmodSync(descriptor, statSync(other).mode & 0o777);
    // All of it: a single write ends early on a disk that becomes full.
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function missingText(missing: readonly MissingSecret[], file: string): string {
  const places = missing.map(({ line, place }) => `line ${line} (${place})`).join(", ");
  return `its secrets are not stored, and ${file} does not have those of ${places} at the same places now; write them there, or to variables, and try again`;
}
