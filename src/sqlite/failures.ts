import { SQLiteError } from "bun:sqlite";
import { CorruptError } from "./errors.ts";

/** Retries are useless: the rows are at fault. */
const ROWS_AT_FAULT = /^SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;
/** The connection stays usable; after other errors the database is opened again. */
const CONNECTION_IS_SOUND = /^SQLITE_(?:BUSY|LOCKED|FULL)/;
const LOCKED = /^SQLITE_(?:BUSY|LOCKED)/;
const NO_ACCESS = /^SQLITE_(?:CANTOPEN|READONLY|PERM)/;
const NO_ACCESS_HINT = "; does its folder exist, and may the gateway's user write to both?";
const CORRUPT = /^SQLITE_(?:CORRUPT|NOTADB|IOERR_SHORT_READ)/;

export function areRowsAtFault(error: unknown): boolean {
  return !isCorrupt(error) && (!(error instanceof SQLiteError) || has(error, ROWS_AT_FAULT));
}

export function isConnectionSound(error: unknown): boolean {
  return has(error, CONNECTION_IS_SOUND);
}

export function isLocked(error: unknown): boolean {
  return has(error, LOCKED);
}

/** Whether the file is damaged. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof CorruptError || has(error, CORRUPT);
}

export function describeFailure(error: unknown): string {
  if (error instanceof SQLiteError) {
    const hint = has(error, NO_ACCESS) ? NO_ACCESS_HINT : "";
    return `${error.message} (${error.code})${hint}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function has(error: unknown, codes: RegExp): boolean {
  return error instanceof SQLiteError && codes.test(error.code ?? "");
}
