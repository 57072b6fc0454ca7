import type { QueryContext } from "./query.ts";

export interface AuditRequest {
  /** At most this many entries. */
  readonly limit: number;
  /** `next` of the page before; absent for the newest entries. */
  readonly before?: number | undefined;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly action: string;
  readonly by: string;
  readonly peer: string;
  /** JSON. */
  readonly details: string;
  readonly outcome: string;
}

export interface AuditEntries {
  /** The newest first. */
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}

/** What operators changed, before a place in the table. */
export function audit({ db, tables }: QueryContext, request: AuditRequest): AuditEntries {
  if (!tables.has("audit")) return { entries: [], next: null };
  const { limit, before = Number.MAX_SAFE_INTEGER } = request;
  const entries = db
    .query<AuditEntry, [number, number]>(
      `SELECT id, at, action, "by", peer, details, outcome FROM audit
       WHERE id < ? ORDER BY id DESC LIMIT ?`,
    )
    .all(before, limit);
  return { entries, next: entries.length < limit ? null : (entries.at(-1)?.id ?? null) };
}
