import {
  KindGuard,
  type TArray,
  type TObject,
  TransformKind,
  type TRecord,
  type TSchema,
  type TUnion,
} from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { mismatch, missingKeys, unknownKey } from "./complaints.ts";
import type { Diagnostic } from "../text/diagnostics.ts";
import type { ConfigDocument } from "../text/document.ts";
import {
  isEmpty,
  type ListNode,
  type MappingNode,
  type Place,
  plainValue,
  setOwn,
} from "../text/node.ts";
import { accepts, acceptsNothing, isSection, scalarAs, type Tag, tagOf } from "./schema-kinds.ts";
import type { Span } from "../text/source-text.ts";
import { code, describe, expectedBy, expectedCount } from "./words.ts";

/**
 * Walks along a schema and a document at once: gathers all that does not fit, fills in defaults and
 * decodes transforms. What does not fit is left out of the value.
 */
export class SchemaReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #whole: TSchema;
  readonly #document: ConfigDocument;
  readonly #broken: WeakSet<object>;
  readonly #told = new Set<string>();
  #faults = 0;

  constructor(whole: TSchema, document: ConfigDocument, broken = new WeakSet<object>()) {
    this.#whole = whole;
    this.#document = document;
    this.#broken = broken;
  }

  /** Whether nothing was left out of a value that was read, or of a part of it. */
  isWhole(part: unknown): boolean {
    if (part === undefined) return false;
    return typeof part !== "object" || part === null || !this.#broken.has(part);
  }

  /** `trail`: the keys that lead here. Undefined when nothing of it can be used. */
  read(schema: TSchema, place: Place, trail: readonly string[]): unknown {
    const before = this.#faults;
    const value = this.#readForm(schema, place, trail);
    if (this.#faults === before) return this.#decode(schema, value, place);
    // A transform is written for all of a value; it might stumble over a part.
    if (KindGuard.IsTransform(schema)) return undefined;
    if (typeof value === "object" && value !== null) this.#broken.add(value);
    return value;
  }

  #readForm(schema: TSchema, place: Place, trail: readonly string[]): unknown {
    const { node, at, key } = place;
    if (node.kind === "scalar" && node.origin === "unset") {
      this.#faults += 1;
      return undefined;
    }
    if (isEmpty(node) && !acceptsNothing(schema)) {
      const what = key === undefined ? "this" : code(trail.at(-1) ?? "");
      return this.#report(key ?? at, `${what} is empty; expected ${expectedBy(schema)}`);
    }
    if (KindGuard.IsUnion(schema)) return this.#readUnion(schema, place, trail);
    if (node.kind === "mapping" && KindGuard.IsObject(schema)) {
      return this.#readObject(schema, node, place, trail);
    }
    if (node.kind === "mapping" && KindGuard.IsRecord(schema)) {
      return this.#readRecord(schema, node, trail);
    }
    if (node.kind === "list" && KindGuard.IsArray(schema)) {
      return this.#readList(schema, node, place, trail);
    }
    const value = node.kind === "scalar" ? scalarAs(schema, node) : plainValue(node);
    return Value.Check(schema, value) ? value : this.#report(at, mismatch(schema, node));
  }

  #readObject(schema: TObject, node: MappingNode, place: Place, trail: readonly string[]) {
    const value: Record<string, unknown> = {};
    const meant = this.#readOtherKeys(schema, node, trail, value);
    const missing: string[] = [];
    for (const [key, property] of Object.entries(schema.properties)) {
      const entry = node.entries.get(key);
      const hasDefault = "default" in property;
      const isRequired = schema.required?.includes(key) === true && !hasDefault;
      const isLeftOut =
        entry === undefined || (!isRequired && isSection(property) && isEmpty(entry.node));
      if (!isLeftOut) setDefined(value, key, this.read(property, entry, [...trail, key]));
      else if (meant.has(key)) continue;
      else if (hasDefault) value[key] = defaultOf(property);
      else if (isRequired) missing.push(key);
    }
    if (missing.length > 0) {
      this.#report(place.key ?? place.at, missingKeys(missing, schema, trail));
    }
    return value;
  }

  /** Answers the keys that were probably meant by unknown ones. */
  #readOtherKeys(
    schema: TObject,
    node: MappingNode,
    trail: readonly string[],
    value: Record<string, unknown>,
  ): ReadonlySet<string> {
    const { additionalProperties: others } = schema;
    const meant = new Set<string>();
    for (const [key, entry] of node.entries) {
      if (Object.hasOwn(schema.properties, key)) continue;
      if (others === false) {
        const unknown = unknownKey(key, schema, trail, this.#whole);
        this.#report(entry.key ?? entry.at, unknown.message);
        if (unknown.meant !== undefined) meant.add(unknown.meant);
      } else if (typeof others === "object") {
        setDefined(value, key, this.read(others, entry, [...trail, key]));
      } else setDefined(value, key, plainValue(entry.node));
    }
    return meant;
  }

  #readRecord(schema: TRecord, node: MappingNode, trail: readonly string[]) {
    const value: Record<string, unknown> = {};
    const patterns = Object.entries(schema.patternProperties);
    for (const [key, entry] of node.entries) {
      const form = patterns.find(([pattern]) => new RegExp(pattern).test(key))?.[1];
      if (form === undefined) {
        this.#report(entry.key ?? entry.at, `${code(key)} cannot be a key here`);
      } else setDefined(value, key, this.read(form, entry, [...trail, key]));
    }
    return value;
  }

  #readList(schema: TArray, node: ListNode, place: Place, trail: readonly string[]) {
    const { items } = node;
    const { minItems = 0, maxItems = Infinity } = schema;
    if (items.length < minItems || items.length > maxItems) {
      const found = items.length === 0 ? describe(node) : `${items.length}`;
      this.#report(place.at, `expected ${expectedCount(schema)}, got ${found}`);
    }
    return items.map((item) => this.read(schema.items, item, trail));
  }

  #readUnion(schema: TUnion, place: Place, trail: readonly string[]): unknown {
    const { node } = place;
    const forms = schema.anyOf.filter((form) => accepts(form, node.kind));
    // Text is what the environment always has, so whatever is more than text comes first.
    if (node.kind === "scalar" && node.origin === "environment") {
      forms.sort((a, b) => Number(KindGuard.IsString(a)) - Number(KindGuard.IsString(b)));
    }
    if (node.kind === "mapping") {
      const tag = tagOf(forms);
      if (tag !== undefined) return this.#readTagged(tag, node, place, trail);
    }
    const attempts = forms.map((form) => {
      const reader = new SchemaReader(this.#whole, this.#document, this.#broken);
      return { reader, value: reader.read(form, place, trail) };
    });
    const [nearest] = attempts.toSorted((a, b) => a.reader.#faults - b.reader.#faults);
    const isOfScalars = node.kind === "scalar" && (attempts.length > 1 || "expected" in schema);
    if (nearest === undefined || (nearest.reader.#faults > 0 && isOfScalars)) {
      return this.#report(place.at, mismatch(schema, node));
    }
    for (const diagnostic of nearest.reader.diagnostics) this.#tell(diagnostic);
    this.#faults += nearest.reader.#faults;
    return nearest.value;
  }

  /** One form is chosen by its tag, so that what is told is what is wrong with this one. */
  #readTagged(tag: Tag, node: MappingNode, place: Place, trail: readonly string[]): unknown {
    const entry = node.entries.get(tag.key);
    if (entry === undefined) {
      const choices = expectedBy(tag.choices);
      const message = `missing key ${code(tag.key)}; expected ${choices}`;
      return this.#report(place.key ?? place.at, message);
    }
    const value = this.read(tag.choices, entry, [...trail, tag.key]);
    const form = tag.formOf(value);
    return form && this.read(form, place, trail);
  }

  #decode(schema: TSchema, value: unknown, place: Place): unknown {
    try {
      if (!isTaken(schema)) return Value.Decode(schema, value);
      // What is within has been decoded while it was read.
      return KindGuard.IsTransform(schema) ? schema[TransformKind].Decode(value) : value;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return this.#report(place.at, this.#document.redact(reason));
    }
  }

  #report(span: Span, message: string): undefined {
    this.#faults += 1;
    this.#tell(this.#document.source.diagnostic(span, message));
    return undefined;
  }

  /** An anchored node is read once for every alias; what is wrong in it is told once. */
  #tell(diagnostic: Diagnostic): void {
    const { line, column, message } = diagnostic;
    const identity = `${line}:${column} ${message}`;
    if (this.#told.has(identity)) return;
    this.#told.add(identity);
    this.diagnostics.push(diagnostic);
  }
}

/** Whether `readForm` takes such schemas apart. */
function isTaken(schema: TSchema): boolean {
  return KindGuard.IsUnion(schema) || KindGuard.IsArray(schema) || isSection(schema);
}

function defaultOf(schema: TSchema): unknown {
  return Value.Decode(schema, Value.Default(schema, undefined));
}

function setDefined(target: Record<string, unknown>, key: string, value: unknown): void {
  if (value !== undefined) setOwn(target, key, value);
}
