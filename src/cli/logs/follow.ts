import { statSync } from "node:fs";
import { QueryError } from "../../telemetry/query/errors.ts";
import type { Filters } from "../../telemetry/query/filters.ts";
import type { Row } from "../../telemetry/query/row.ts";
import type { FoundLog } from "../find-log.ts";

/** How often the file is looked at, in milliseconds. One look takes less than one. */
const POLL_MS = 200;

export interface Following {
  readonly log: FoundLog;
  readonly filters: Filters;
  /** The id after which rows are new; null for all. */
  readonly after: number | null;
  /** Waits for milliseconds; false ends it. */
  readonly pause: (milliseconds: number) => Promise<boolean>;
  /** Takes new rows, the oldest first; false ends it. */
  readonly show: (rows: readonly Row[]) => boolean;
  readonly complain: (problem: string) => void;
}

/** Shows rows as they are written, also when the file is replaced by another one or is not there for a while. */
export async function follow(options: Following): Promise<void> {
  const { log, filters, pause, show, complain } = options;
  let after = options.after ?? 0;
  let identity = identityOf(log.path);
  let problem = "";
  do {
    try {
      const now = identityOf(log.path);
      if (now !== identity && now !== "") {
        identity = now;
        after = 0;
      }
      for (let more = true; more;) {
        const found = log.file.ask("newer", { filters, after });
        ({ after, more } = found);
        if (found.rows.length > 0 && !show(found.rows)) return;
      }
      problem = "";
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      // A gateway that starts or rotates its file leaves none for a moment.
      const isPassing = error.reason === "no_file" || error.reason === "busy";
      if (!isPassing && error.message !== problem) complain(error.message);
      problem = error.message;
    }
  } while (await pause(POLL_MS));
}

/** Device and inode; empty without a file. */
function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "" : `${stats.dev}:${stats.ino}`;
}
