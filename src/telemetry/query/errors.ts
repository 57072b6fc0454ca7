import { describeFailure, isCorrupt, isLocked } from "../../sqlite/failures.ts";

/** Why a query has no answer. */
export type QueryFailure =
  /** Too many queries wait already. */
  | "busy"
  /** There is no file yet. */
  | "no_file"
  /** The file is no access log, or not readable. */
  | "unreadable"
  | "damaged"
  /** It took longer than it may. */
  | "time_is_up"
  /** The query itself failed, or its worker did. */
  | "failed";

/** A query that has no answer. The message is for people. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly reason: QueryFailure;

  constructor(reason: QueryFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What went wrong with a file, as a QueryError. */
export function asQueryError(error: unknown, file: string): QueryError {
  if (error instanceof QueryError) return error;
  const failure = describeFailure(error);
  if (codeOf(error) === "SQLITE_NOTADB") {
    return new QueryError("damaged", `${file} is no SQLite database, or its beginning is damaged`);
  }
  if (isCorrupt(error)) return new QueryError("damaged", `${file} is damaged: ${failure}`);
  if (isLocked(error)) return new QueryError("busy", `${file} is locked: ${failure}`);
  return /^SQLITE_(?:CANTOPEN|READONLY|PERM|AUTH|IOERR)/.test(codeOf(error))
    ? new QueryError("unreadable", `cannot read ${file}: ${failure}`)
    : new QueryError("failed", `${file}: ${failure}`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
