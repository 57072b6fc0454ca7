import { isSameWeakly } from "../../http/entity-tag.ts";
import { type Field, FieldName, fieldOf } from "../../http/field.ts";
import { FieldList } from "../../http/field-list.ts";
import type { Filling } from "./filling.ts";
import type { Selecting } from "./selecting.ts";
import type { Verdict } from "./verdict.ts";

/** What a stored answer consists of. */
export interface Storing {
  readonly status: number;
  readonly statusText: string;
  readonly fields: FieldList;
  /** Of a known length if it is still arriving; null if the answer has none. */
  readonly content: Uint8Array | Filling | null;
  readonly verdict: Verdict;
}

/** An answer in the store. Its content may still be arriving. */
export class StoredAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly verdict: Verdict;
  /** As clients get them, without those that are made for each use. Not to be changed. */
  readonly fields: FieldList;
  /** The fields of its tags, which only trusted proxies get. */
  readonly tagFields: readonly Field[];
  readonly tags: readonly string[];
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** In bytes; undefined without content. */
  readonly length: number | undefined;
  content: Uint8Array | Filling | null;

  // Its place in the store; what is in no resource is not stored any more.
  resource: object | undefined = undefined;
  url = "";
  key = "";
  selecting: Selecting = [];
  /** In bytes; 0 when it takes no room any more. */
  cost = 0;
  /** How many exchanges send its content, and whether that is still arriving. */
  holders = 0;
  newer: StoredAnswer | undefined = undefined;
  older: StoredAnswer | undefined = undefined;

  #age: Field = NO_FIELD;
  #agedFor = -1;
  #hit: Field = NO_FIELD;
  #hitFor = Number.NaN;

  constructor({ status, statusText, fields, content, verdict }: Storing, now: number) {
    this.status = status;
    this.statusText = statusText;
    this.verdict = verdict;
    this.content = content;
    this.length = content?.length;
    const kept = fields.list.filter(({ name }) => !isNotKept(name));
    if (!fields.has("date")) kept.push(dateField(now));
    this.fields = new FieldList(kept);
    this.tagFields = fields.list.filter(({ name }) => TAG_FIELDS.has(name));
    this.tags = tagsIn(this.tagFields);
    this.etag = fields.get("etag") ?? undefined;
    this.lastModified = fields.get("last-modified") ?? undefined;
  }

  /** Bytes of what stays in memory, roughly: content, fields and what holds them. */
  get weight(): number {
    let bytes = OVERHEAD + (this.length ?? 0) + this.tags.length * TAG_OVERHEAD;
    for (const { line } of this.fields.list) bytes += 2 * line.length + FIELD_OVERHEAD;
    for (const { line } of this.tagFields) bytes += 4 * line.length + FIELD_OVERHEAD;
    return bytes;
  }

  get hasValidator(): boolean {
    return this.etag !== undefined || this.lastModified !== undefined;
  }

  /** Whether it may be used now for a request that leaves that to the cache. */
  isFreshAt(monotonic: number): boolean {
    return this.verdict.freshUntil > monotonic;
  }

  /** The Age field (RFC 9111 section 5.1), the same object for a second. */
  get ageField(): Field {
    const { age } = this.verdict;
    if (age !== this.#agedFor) {
      this.#agedFor = age;
      this.#age = AGE.with(`${age}`);
    }
    return this.#age;
  }

  /** The Cache-Status of a hit (RFC 9211), the same object for a second. */
  hitField(monotonic: number): Field {
    const ttl = this.ttl(monotonic);
    if (ttl !== this.#hitFor) {
      this.#hitFor = ttl;
      this.#hit = CACHE_STATUS.with(`gateway; hit; ttl=${ttl}`);
    }
    return this.#hit;
  }

  /** How long it stays fresh, in whole seconds; negative since when it is not. */
  ttl(monotonic: number): number {
    return Math.floor((this.verdict.freshUntil - monotonic) / 1_000);
  }

  /** Whether a 304 with these fields is about this answer (RFC 9111 section 4.3.4). */
  isValidatedBy(fields: FieldList): boolean {
    const etag = fields.get("etag");
    if (etag !== null) return this.etag !== undefined && isSameWeakly(etag, this.etag);
    const modified = fields.get("last-modified");
    return modified === null || modified === this.lastModified;
  }

  /** Its fields, with those of a later answer in place of the earlier ones (RFC 9111 section 3.2). */
  fieldsUpdatedBy({ list }: FieldList, now: number): FieldList {
    const news = list.filter(({ name }) => !NOT_UPDATED.has(name));
    if (news.every(({ name }) => name !== "date")) news.push(dateField(now));
    const names = new Set(news.map(({ name }) => name));
    const kept = [...this.fields.list, ...this.tagFields].filter(({ name }) => !names.has(name));
    return new FieldList([...kept, ...news]);
  }
}

export const CACHE_STATUS = new FieldName("Cache-Status");
const AGE = new FieldName("Age");
const NO_FIELD = fieldOf("Age", "0");

/** Bytes of the objects around an answer, a field and a tag. */
const OVERHEAD = 1_536;
const FIELD_OVERHEAD = 96;
const TAG_OVERHEAD = 256;

/** The fields in which answers have their tags. */
export const TAG_FIELDS: ReadonlySet<string> = new Set(["surrogate-key", "cache-tag", "xkey"]);

/** Made for each use, of one exchange, or of the first client alone. */
const NOT_KEPT: ReadonlySet<string> = new Set([
  "age",
  "content-length",
  "x-request-id",
  "set-cookie",
  "set-cookie2",
  "ratelimit",
  "ratelimit-policy",
  "traceresponse",
  "proxy-status",
  "trailer",
]);

function isNotKept(name: string): boolean {
  return NOT_KEPT.has(name) || TAG_FIELDS.has(name) || name.startsWith("x-ratelimit-");
}

/** What describes the stored content, which a 304 does not replace. */
const NOT_UPDATED: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "etag",
  "transfer-encoding",
]);

function dateField(now: number): Field {
  return fieldOf("Date", new Date(now).toUTCString());
}

/** Tags between blanks (Surrogate-Key, xkey) or commas (Cache-Tag). */
function tagsIn(fields: readonly Field[]): string[] {
  const tags = new Set<string>();
  for (const { name, value } of fields) {
    const parts = name === "cache-tag" ? value.split(",") : value.split(" ");
    for (const part of parts) {
      const tag = part.trim();
      if (tag !== "") tags.add(tag);
    }
  }
  return [...tags];
}
