import { withoutBlanksAround } from "../http/blanks.ts";
import { digestFields, findField, hopByHopFields, TOKEN } from "../http/fields.ts";
import { isValidHost } from "../http/host.ts";
import { normalizePath } from "../http/path.ts";
import type { RequestTarget } from "../http/target.ts";
import type { ContentEdit } from "./content-edit.ts";
import { GatewayError } from "./errors.ts";
import { normalizeMadePath } from "./made-path.ts";
import { outgoingFields, type OutgoingRules, type OutgoingSource } from "./outgoing-fields.ts";

/**
 * The request for the backend: created once per exchange, changed by policies, sent by every attempt.
 * It is created after everything that the client may not send has been removed, so nothing that a
 * client sends can undo, duplicate or contradict what a policy sets, in any spelling.
 */
export class Outgoing {
  method: string;
  /** What changes the content on its way; undefined if it passes as it came. */
  contentEdit: ContentEdit | undefined = undefined;
  /** The fields to send, Host included: names in lower case, each followed by its value. */
  readonly fields: readonly string[];
  readonly #list: string[];
  readonly #rules: OutgoingRules;
  #isHostSet = false;
  #path: string;
  #query: string;

  static of(source: OutgoingSource, rules: OutgoingRules): Outgoing {
    const { method, target } = source;
    const path = rules.preservePath === true ? writtenPath(target) : target.path;
    return new Outgoing(method, path, target.query, outgoingFields(source, rules), rules);
  }

  private constructor(
    method: string,
    path: string,
    query: string,
    fields: string[],
    rules: OutgoingRules,
  ) {
    this.method = method;
    this.#path = path;
    this.#query = query;
    this.#list = fields;
    this.fields = fields;
    this.#rules = rules;
  }

  /** The same request, to be changed by itself. */
  copy(): Outgoing {
    const list = [...this.#list];
    const copy = new Outgoing(this.method, this.#path, this.#query, list, this.#rules);
    copy.contentEdit = this.contentEdit;
    return copy;
  }

  /** Begins with "/"; a backend's base path goes in front of it. */
  get path(): string {
    return this.#path;
  }

  /** Normalizes the path. Throws a GatewayError for a path that a client could not send either. */
  set path(path: string) {
    if (!PATH.test(path)) throw new TypeError("a path begins with / and is percent-encoded");
    this.#path = normalizeMadePath(path, this.#rules.encodedSlashes);
  }

  /**
   * Removes the beginning of the path; "/" remains of a path that consists of it. `prefix` is normal and
   * does not end with "/". Returns false, and does nothing, if the path does not begin with these segments.
   */
  dropPrefix(prefix: string): boolean {
    const path = this.#path;
    const isWritten = this.#rules.preservePath === true;
    if (!isWritten && !path.startsWith(prefix)) return false;
    const end = isWritten ? writtenEnd(path, prefix) : prefix.length;
    if (end === path.length) this.#path = "/";
    else if (path.charAt(end) === "/") this.#path = path.slice(end);
    else return false;
    return true;
  }

  /** Empty, or "?" and what follows it. */
  get query(): string {
    return this.#query;
  }

  /**
   * Each character is one byte, which need not be ASCII: clients send such bytes too. Throws a TypeError
   * for what no query can have, and if it does not begin with "?".
   */
  set query(query: string) {
    if (!QUERY.test(query)) throw new TypeError("not a query that begins with ?");
    this.#query = query;
  }

  /** The Host field; undefined stands for the backend's own host and port. */
  get host(): string | undefined {
    const at = findField(this.#list, "host");
    return at === -1 ? undefined : this.#list[at + 1];
  }

  /** Throws a TypeError if it is not a host with an optional port. */
  set host(host: string | undefined) {
    if (host !== undefined && !isValidHost(host)) throw new TypeError("not a host");
    this.#isHostSet = true;
    this.#removeAll("host");
    if (host !== undefined) this.#list.push("host", host);
  }

  /** Whether a policy has chosen the Host. */
  get isHostSet(): boolean {
    return this.#isHostSet;
  }

  /** Has the backend get its own host in place of the client's, unless a policy has chosen one. */
  leaveHostToBackend(): void {
    if (!this.#isHostSet) this.#removeAll("host");
  }

  /** The value of a field, those of repeated fields joined by ", "; null without any. */
  get(name: string): string | null {
    const list = this.#list;
    const wanted = name.toLowerCase();
    let value: string | null = null;
    for (let at = findField(list, wanted); at !== -1; at = findField(list, wanted, at + 2)) {
      const one = list[at + 1] ?? "";
      value = value === null ? one : `${value}, ${one}`;
    }
    return value;
  }

  /**
   * Replaces every field that backends could take for this one: of the same name in any case, and of
   * names that differ only in characters other than letters and digits. Each character of the value is
   * one byte. Throws a TypeError for a name or value that HTTP does not allow, and for fields that
   * belong to the connection or frame the content.
   */
  set(name: string, value: string): void {
    const known = settable(name);
    const written = fieldValue(value);
    this.#removeAll(known);
    this.#list.push(known, written);
  }

  /** Adds a field and keeps those of exactly its name; other spellings are removed. Throws like `set`. */
  append(name: string, value: string): void {
    const known = settable(name);
    const written = fieldValue(value);
    this.#removeAll(known, known);
    this.#list.push(known, written);
  }

  /**
   * Adds fields that no client can have sent (`Policy.ownFields`) and that are not set yet: names in lower
   * case, each followed by a value that HTTP allows.
   */
  addOwn(fields: readonly string[]): void {
    this.#list.push(...fields);
  }

  /** Removes a field in all spellings. */
  remove(name: string): void {
    this.#removeAll(settable(name));
  }

  /** Makes the fields right for content that is not the client's any more. `length` is in bytes. */
  contentReplaced(length: number): void {
    for (const name of ABOUT_CONTENT) this.#removeAll(name);
    this.#list.push("content-length", `${length}`);
  }

  #removeAll(name: string, except?: string): void {
    const list = this.#list;
    for (let at = list.length - 2; at >= 0; at -= 2) {
      const present = list[at] ?? "";
      if (present !== except && foldsTo(present, name)) list.splice(at, 2);
    }
  }
}

/** What does not hold for changed content; its trailers are not sent either. */
const ABOUT_CONTENT = ["content-length", "trailer", ...digestFields];

const PATH = /^\/[!-"$->@-~]*$/;
const QUERY = /^(?:\?[!-"$-~\x80-\xFF]*)?$/;

/** Throws a GatewayError for a path that leads elsewhere, depending on who resolves it. */
function writtenPath({ path, writtenPath = path }: RequestTarget): string {
  if (PARENT_SEGMENT.test(writtenPath)) {
    throw new GatewayError(
      "invalid_path",
      'the path contains a ".." segment, and this route passes paths on as they are',
    );
  }
  return writtenPath;
}

/** Where a normal prefix ends in a path as the client wrote it; −1 if it does not begin with it. */
function writtenEnd(path: string, prefix: string): number {
  let left = prefix;
  let end = 0;
  while (left !== "") {
    if (end >= path.length) return -1;
    const next = path.indexOf("/", end + 1);
    const start = end;
    end = next === -1 ? path.length : next;
    const segment = normalizePath(path.slice(start, end));
    // Empty, or a dot.
    if (segment === "/") continue;
    if (typeof segment !== "string" || !left.startsWith(segment)) return -1;
    left = left.slice(segment.length);
    if (left !== "" && !left.startsWith("/")) return -1;
  }
  return end;
}

const PARENT_SEGMENT = /\/(?:\.|%2e){2}(?:\/|$)/i;

// Decided by the connection and the content. Setting these would allow request smuggling.
const NOT_SETTABLE: ReadonlySet<string> = new Set([...hopByHopFields, "content-length", "expect"]);

function settable(name: string): string {
  const known = name.toLowerCase();
  if (!TOKEN.test(known)) throw new TypeError(`not a field name: ${JSON.stringify(name)}`);
  if (NOT_SETTABLE.has(known)) throw new TypeError(`the field ${known} cannot be set`);
  return known;
}

function fieldValue(value: string): string {
  const trimmed = withoutBlanksAround(value);
  if (!FIELD_VALUE.test(trimmed)) throw new TypeError("not a field value");
  return trimmed;
}

const FIELD_VALUE = /^[\t -~\u0080-\u00FF]*$/;

/**
 * Whether some backends cannot distinguish two lower-case names: those that pass fields as variables,
 * as CGI does, turn "-" into "_", and some turn every character that is not a letter or digit into it.
 */
function foldsTo(one: string, other: string): boolean {
  if (one === other) return true;
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) {
    const a = one.charCodeAt(at);
    const b = other.charCodeAt(at);
    if (a !== b && (isLetterOrDigit(a) || isLetterOrDigit(b))) return false;
  }
  return true;
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
}
