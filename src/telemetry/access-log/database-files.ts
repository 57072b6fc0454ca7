import { chmodSync, closeSync, openSync, realpathSync, renameSync, statSync } from "node:fs";
import { basename } from "node:path";

/** SQLite keeps a database in WAL mode in these: the path itself, and with these endings. */
const ENDINGS = ["", "-wal", "-shm"] as const;

/** What happened to a database's files while it was open. */
export interface FileChange {
  /** The -wal file is shortened by checkpoints as well, which only SQLite can tell. */
  readonly kind: "removed" | "replaced" | "emptied" | "shortened";
  /** Name of the file, which may be that of the -wal or -shm file. */
  readonly file: string;
}

/**
 * The files of a database that is open. SQLite goes on writing to files that have lost their names,
 * where nobody will ever find the rows.
 */
export class DatabaseFiles {
  readonly #path: string;
  readonly #identities: readonly (string | undefined)[];
  #walSize = 0;

  /** To be made when the database has been opened. */
  constructor(path: string) {
    this.#path = realPath(path);
    this.#identities = ENDINGS.map((ending) => identityOf(this.#path + ending));
  }

  /** What is no longer as it was. Undefined where all is well, or nothing is known. */
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
    // Never empty in WAL mode: its first page says so.
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

/** Device and inode, as other files on the same device never have them at the same time. */
function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/** SQLite, too, puts the other files next to the one that a link points at. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Makes an empty database file that only the gateway's user may read, whatever the umask; SQLite
 * gives its other files the same mode. Leaves a file alone that exists. Where it cannot be made,
 * opening the database says why.
 */
export function createPrivately(path: string): void {
  if (path === ":memory:") return;
  let descriptor: number;
  try {
    descriptor = openSync(path, "wx", PRIVATE);
  } catch {
    return;
  }
  // Closed before SQLite opens it: closing later would take away SQLite's locks.
  closeSync(descriptor);
  chmodSync(path, PRIVATE);
}

const PRIVATE = 0o600;
const OTHERS = 0o077;

/** The mode of a file that others than its owner may use, like "644"; undefined for a private one. */
export function openMode(path: string): string | undefined {
  if (process.platform === "win32") return undefined;
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & OTHERS) === 0 ? undefined : (mode & 0o777).toString(8);
}

/**
 * Renames a database's files, so that another one can be begun in its place, and answers their new
 * name; `now` is epoch milliseconds. The database may still be open: closing it then leaves the
 * files as they are.
 * @throws when the folder does not allow it
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
