import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { paths } from "./backend.ts";
import type { Entrant } from "./contestant.ts";
import { databaseOf } from "./gateway.ts";
import type { Stage } from "./stage.ts";
import { drive } from "./wrk.ts";

/** Whether the access log has a row for each request that was answered at full load. */
export interface Completeness {
  readonly answered: number;
  readonly rows: number;
  /** Answered and not in the log. */
  readonly missing: number;
  /** What the gateway itself counts as dropped, or says of it. */
  readonly dropped: number;
}

const CONNECTIONS = 256;

/**
 * Drives a gateway at full load, ends it and counts rows. wrk leaves while requests are under way,
 * so that there may be as many rows more as it has connections; never fewer.
 */
export async function checkCompleteness(
  stage: Stage,
  entrant: Entrant,
  seconds: number,
): Promise<Completeness> {
  const { contestant, ports, process } = entrant;
  const url = `http://127.0.0.1:${ports.http}`;
  const { requests } = await drive(stage, {
    url: url + paths.small,
    connections: CONNECTIONS,
    seconds,
  });
  const counts = (await (await fetch(`${url}/admin/log`)).json()) as { dropped: number };
  await process.stop();
  const rows = countRows(databaseOf(stage.folder, contestant.key));
  const complaints = readFileSync(process.output, "utf8").match(/rows (?:dropped|lost)/g);
  return {
    answered: requests,
    rows,
    missing: Math.max(0, requests - rows),
    dropped: Math.max(counts.dropped, complaints?.length ?? 0),
  };
}

function countRows(file: string): number {
  const database = new Database(file, { readonly: true });
  try {
    return (
      database
        .query<{ rows: number }, [string]>("SELECT count(*) AS rows FROM logs WHERE path = ?")
        .get(paths.small)?.rows ?? 0
    );
  } finally {
    database.close();
  }
}
