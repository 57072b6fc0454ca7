import { changedLines, type LineChanges } from "../../units/line-difference.ts";
import type { QueryContext } from "./query.ts";

/** A configuration that was in force. */
export interface ConfigurationEntry {
  readonly number: number;
  /** Rows of the log name it by this. */
  readonly id: string;
  readonly in_force_from: string;
  /** Null for the last one. */
  readonly in_force_to: string | null;
  readonly cause: string;
  readonly by: string;
  readonly file: string | null;
}

export interface ListedConfiguration extends ConfigurationEntry {
  /** Lines that differ from the one before; null if that is not there. */
  readonly changes: LineChanges | null;
}

export interface ConfigurationsRequest {
  /** At most this many, the newest. */
  readonly limit: number;
}

const ENTRY = `number, id, in_force_from, cause, "by", file,
  (SELECT min(next.in_force_from) FROM configurations next
   WHERE next.number = (SELECT min(number) FROM configurations WHERE number > entry.number))
   AS in_force_to`;

interface WithText extends ConfigurationEntry {
  readonly text: string | null;
}

/** The configurations that were in force, the newest first. */
export function configurations(
  { db, tables, time }: QueryContext,
  { limit }: ConfigurationsRequest,
): ListedConfiguration[] {
  if (!tables.has("configurations")) return [];
  const entries = db
    .query<WithText, [number]>(
      `SELECT ${ENTRY}, text FROM configurations entry LEFT JOIN configuration_texts USING (id)
       ORDER BY number DESC LIMIT ?`,
    )
    .all(limit + 1);
  return entries.slice(0, limit).map(({ text, ...entry }, index) => {
    const before = entries[index + 1]?.text;
    // Differences take time when much has changed; entries are there without.
    const isCompared = text !== null && typeof before === "string" && time.left > 0;
    return { ...entry, changes: isCompared ? changedLines(before, text) : null };
  });
}

export interface ConfigurationRequest {
  /** Its number, or the beginning of its id; of several with this id the newest. */
  readonly name: string;
}

export interface ConfigurationText extends ConfigurationEntry {
  /** Without secrets. */
  readonly text: string;
  /** Of the one before; null if that is not there. */
  readonly before: string | null;
}

/** One configuration with its text; null if there is none. */
export function configuration(
  { db, tables }: QueryContext,
  { name }: ConfigurationRequest,
): ConfigurationText | null {
  if (!tables.has("configurations")) return null;
  const isNumber = /^[0-9]{1,9}$/.test(name);
  const select = `SELECT ${ENTRY}, text FROM configurations entry
    LEFT JOIN configuration_texts USING (id)`;
  const found =
    (isNumber
      ? db.query<WithText, [number]>(`${select} WHERE number = ?`).get(Number(name))
      : null) ??
    (/^[0-9a-f]{4,64}$/.test(name)
      ? db
          .query<WithText, [string]>(
            `${select} WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY number DESC LIMIT 1`,
          )
          .get(name)
      : null);
  if (found?.text === undefined || found.text === null) return null;
  const before = db
    .query<WithText, [number]>(`${select} WHERE number < ? ORDER BY number DESC LIMIT 1`)
    .get(found.number);
  return { ...found, text: found.text, before: before?.text ?? null };
}
