import { chmodSync, closeSync, openSync, realpathSync, renameSync, statSync } from "node:fs";
import { basename } from "node:path";

/** Endings of the files of a database in WAL mode. */
const ENDINGS = ["", "-wal", "-shm"] as const;

/** What happened to a database's files while it was open. */
export interface FileChange {
  /**
   * "shortened": the -wal file is shorter, by a checkpoint or by someone else; only SQLite can tell.
   */
  readonly kind: "removed" | "replaced" | "emptied" | "shortened";
  /** Name of the changed file, which may be the -wal or -shm file. */
  readonly file: string;
}

/**
 * The files of an open database. SQLite keeps writing to files that were removed, where the rows are
 * lost.
 */
export class DatabaseFiles {
  readonly #path: string;
  readonly #identities: (string | undefined)[];
  #walSize = -1;

  /**
   * Must be created before the database is opened: afterwards the file may already be a different one.
   */
  constructor(path: string) {
    this.#path = realPath(path);
    this.#identities = [identityOf(this.#path)];
  }

  /** The database has been opened, and has its other files. */
  opened(): void {
    for (const [at, ending] of ENDINGS.entries()) {
      if (at > 0) this.#identities[at] = identityOf(this.#path + ending);
    }
    this.#walSize = this.walSize;
  }

  /** What has changed; undefined if nothing has. */
  change(): FileChange | undefined {
    for (const [at, ending] of ENDINGS.entries()) {
      const before = this.#identities[at];
      if (before === undefined) continue;
      const path = this.#path + ending;
      const now = identityOf(path);
      if (now !== before) {
        return { kind: now === undefined ? "removed" : "replaced", file: basename(path) };
      }
    }
    // A database in WAL mode is never empty: its first page holds the mode.
    if (sizeOf(this.#path) === 0) return { kind: "emptied", file: basename(this.#path) };
    const walBefore = this.#walSize;
    this.#walSize = this.walSize;
    return this.#walSize < walBefore
      ? { kind: "shortened", file: basename(`${this.#path}-wal`) }
      : undefined;
  }

  /** Bytes of the -wal file. */
  get walSize(): number {
    return sizeOf(`${this.#path}-wal`);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

/** Device and inode. */
function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/** SQLite also resolves links, and keeps the other files next to the target. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Creates an empty database file that only the gateway's user can read, whatever the umask; SQLite
 * gives the other files the same mode. An existing file is left alone. If the file cannot be created,
 * opening the database reports why.
 */
export function createPrivately(path: string): void {
  if (path === ":memory:") return;
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", PRIVATE);
  } catch {
    return;
  }
  // Closed before SQLite opens it: closing it later would release SQLite's locks.
  closeSync(descriptor);
  chmodSync(path, PRIVATE);
}

const PRIVATE = 0o600;
const OTHERS = 0o077;

/** The mode of a file that other users can access, like "644"; undefined for a private file. */
export function openMode(path: string): string | undefined {
  if (process.platform === "win32") return undefined;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & OTHERS) === 0 ? undefined : (mode & 0o777).toString(8);
}

/**
 * Renames a database's files and returns the new path; `now` is in epoch milliseconds. The database
 * may be open: closing it afterwards leaves the files as they are.
 * @throws {Error} when the files cannot be renamed
 */
export function setAside(path: string, now: number): string {
  const real = realPath(path);
  const stamp = new Date(now).toISOString().replace(/\.\d+|[-:]/g, "");
  const wanted = `${real}.corrupt-${stamp}`;
  let target = wanted;
  for (let more = 2; exists(target); more += 1) target = `${wanted}-${more}`;
  renameSync(real, target);
  for (const ending of ENDINGS.slice(1)) {
    if (exists(real + ending)) renameSync(real + ending, target + ending);
  }
  return target;
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
