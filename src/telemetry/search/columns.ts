import { withoutPort } from "../query/hosts.ts";
import { fields } from "../fields.ts";
import type { TextColumn } from "../query/filters.ts";

/**
 * What the index keeps of a row. The numbers are in files: one is never used for anything else again.
 * A value of the index stands for the row's by a number of 32 bits, and rows that are found by it are
 * compared in full.
 */
export const PART = {
  /** When it began, in 65536ths of the block's span. */
  time: 0,
  /** How long it took, see `bucketOf`. */
  latency: 1,
  status: 2,
  /** The block's paths, a line each, in groups. */
  paths: 17,
  /** For each row the place of its path among these. */
  pathOfRow: 18,
  /** What is known of the groups; see path-groups.ts. */
  pathGroups: 19,
  /** For each row its id's distance from the first one, if there are gaps. */
  ids: 31,
} as const;

/** Parts of a block have the ids from its number times this one. */
export const PARTS = 32;

export interface CodedColumn {
  readonly column: Exclude<TextColumn, "path">;
  readonly part: number;
  /** Whether nearly each row has a text of its own. */
  readonly isUnique?: true;
}

/** Texts that stand in the index by a hash. */
export const CODED_COLUMNS: readonly CodedColumn[] = [
  { column: "method", part: 3 },
  { column: "host", part: 4 },
  { column: "route", part: 5 },
  { column: "backend", part: 6 },
  { column: "upstream", part: 7 },
  { column: "client_ip", part: 8 },
  { column: "subject", part: 9 },
  { column: "provider", part: 10 },
  { column: "error_code", part: 11 },
  { column: "refused_by", part: 12 },
  { column: "configuration", part: 13 },
  { column: "model", part: 14 },
  { column: "request_id", part: 15, isUnique: true },
  { column: "trace_id", part: 16, isUnique: true },
];

/** Up to so many different values a row's is one byte. */
export const MOST_BYTE_CODES = 256;

/** A column's name in records. */
export function recordName(column: string): string {
  return Object.entries(fields).find(([, field]) => field.column === column)?.[0] ?? column;
}

/** Stands for NULL, and for an empty text. */
export const NOTHING = 0;
/** Stands for a status that is not a whole number below, which another program can have written. */
export const ANY_STATUS = 0xffff;

/** A text as a number of 32 bits, the same on every machine. */
export function codeOf(column: TextColumn, text: string): number {
  if (text === "") return NOTHING;
  return Bun.hash.xxHash32(column === "host" ? withoutPort(text) : text) || 1;
}

/** The same in 16 bits, for columns with a number for each row. */
export function narrowed(code: number): number {
  return code <= 0xffff ? code : (code ^ (code >>> 16)) & 0xffff || 1;
}

/** Characters at both ends of a text that tell ids apart. */
const MOST_AT_START = 6;
const MOST_AT_END = 10;

/** A text in which nearly each row differs as a number of 16 bits: several times cheaper than `codeOf`. */
export function narrowCodeOf(text: string): number {
  const { length } = text;
  if (length === 0) return NOTHING;
  const hash = endsHash(text, length);
  return (hash ^ (hash >>> 16)) & 0xffff || 1;
}

/** A number of 32 bits from the characters at both ends. */
function endsHash(text: string, length: number): number {
  let hash = length;
  const start = Math.min(length, MOST_AT_START);
  for (let at = 0; at < start; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  for (let at = Math.max(start, length - MOST_AT_END); at < length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

export function statusCodeOf(status: unknown): number {
  return typeof status === "number" && Number.isInteger(status) && status > 0 && status < ANY_STATUS
    ? status
    : ANY_STATUS;
}

/** Buckets for a doubling of the time, so each is 0.03 % wide. */
const BUCKETS_PER_DOUBLING = 2048;
export const LAST_BUCKET = 0xfffe;
/** Of rows without a number. */
export const NO_BUCKET = 0xffff;

/**
 * The bucket of a duration in milliseconds; a longer one is in the same or a later bucket. Rows have whole
 * microseconds, so a record's duration is in the bucket of its row's.
 */
export function bucketOf(milliseconds: number): number {
  if (!(milliseconds > 0)) return milliseconds <= 0 ? 0 : NO_BUCKET;
  const microseconds = Math.round(milliseconds * 1000);
  const bucket = Math.floor(Math.log2(microseconds + 1) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, LAST_BUCKET);
}
