import {
  KindGuard,
  OptionalKind,
  type TArray,
  type TObject,
  type TRecord,
  TransformKind,
  type TSchema,
  type TUnion,
} from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { aliasesOf, withoutAliases } from "./aliases.ts";
import { type KeyHints, mismatch, missingKeys, unknownKey } from "./complaints.ts";
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
import { type KeptParse, TextProblem } from "../../pipeline/section.ts";
import { asItems, asSwitch } from "./shorthand.ts";
import { spanWithin } from "../text/span-within.ts";
import { accepts, isListOfScalars, isSection, scalarAs } from "./schema-kinds.ts";
import type { Span } from "../text/source-text.ts";
import { code, describe, expectedBy, expectedCount } from "./words.ts";

/**
 * Walks a schema and a document in parallel: collects everything that does not fit, fills in defaults
 * and decodes transforms. What does not fit is left out of the value.
 */
export class SchemaReader {
  diagnostics: Diagnostic[] = [];
  readonly #whole: TSchema;
  readonly #document: ConfigDocument;
  readonly #hints: KeyHints | undefined;
  readonly #broken = new WeakSet<object>();
  /** Defaults that are not objects, which can be shared. */
  readonly #defaults = new Map<TSchema, unknown>();
  /** The keys that lead to the current value. */
  readonly #trail: string[] = [];
  #faults = 0;
  /** Values that have the right form but cannot be decoded. */
  #undecoded = 0;

  constructor(whole: TSchema, document: ConfigDocument, hints?: KeyHints) {
    this.#whole = whole;
    this.#hints = hints;
    this.#document = document;
  }

  /** Whether a value, or a part of one, was read without leaving anything out. */
  isWhole(part: unknown): boolean {
    if (part === undefined) return false;
    return typeof part !== "object" || part === null || !this.#broken.has(part);
  }

  /** Undefined if no part of it can be used. */
  read(schema: TSchema, place: Place): unknown {
    const before = this.#faults;
    const value = this.#readForm(schema, place);
    if (this.#faults === before) return this.#decode(schema, value, place);
    // Transforms expect whole values.
    if (KindGuard.IsTransform(schema)) return undefined;
    if (typeof value === "object" && value !== null) this.#broken.add(value);
    return value;
  }

  #readForm(schema: TSchema, place: Place): unknown {
    const { node, at, key } = place;
    if (node.kind === "scalar" && node.origin === "unset") {
      this.#faults += 1;
      return undefined;
    }
    // Any value, null too.
    if (KindGuard.IsUnknown(schema)) return plainValue(node);
    if (isEmpty(node)) {
      const what = key === undefined ? "this" : code(this.#trail.at(-1) ?? "");
      const hasKeys = KindGuard.IsObject(schema) || KindGuard.IsRecord(schema);
      const advice = hasKeys && key !== undefined ? ", indented further than its key" : "";
      return this.#report(key ?? at, `${what} is empty; expected ${expectedBy(schema)}${advice}`);
    }
    if (KindGuard.IsUnion(schema)) return this.#readUnion(schema, place);
    if (KindGuard.IsObject(schema)) {
      const mapping = node.kind === "mapping" ? node : asSwitch(schema, place);
      if (mapping !== undefined) return this.#readObject(schema, mapping, place);
    }
    if (KindGuard.IsRecord(schema) && node.kind === "mapping") {
      return this.#readNamed(schema, node);
    }
    if (KindGuard.IsArray(schema)) {
      const list = node.kind === "list" ? node : asItems(schema, place, this.#document);
      if (list !== undefined) return this.#readList(schema, list, place);
    }
    const value = node.kind === "scalar" ? scalarAs(schema, node) : plainValue(node);
    return Value.Check(schema, value) ? value : this.#report(at, mismatch(schema, node));
  }

  #readObject(schema: TObject, written: MappingNode, place: Place) {
    const value: Record<string, unknown> = {};
    const aliases = aliasesOf(schema);
    const node =
      aliases === undefined
        ? written
        : withoutAliases(written, aliases, ({ key, at }, message) => {
            this.#report(key ?? at, message);
          });
    if (node !== written) this.#document.readAs(written, node);
    const meant = this.#reportOtherKeys(schema, node);
    let missing: string[] | undefined;
    for (const key in schema.properties) {
      const property = schema.properties[key];
      if (property === undefined) continue;
      const entry = node.entries.get(key);
      if (entry !== undefined && !this.#isLeftOut(key, property, entry)) {
        this.#readEntry(value, key, property, entry);
      } else if (meant.has(key)) continue;
      else if ("default" in property) value[key] = this.#defaultOf(property);
      else if (property[OptionalKind] === undefined) (missing ??= []).push(key);
    }
    if (missing !== undefined) {
      this.#report(place.key ?? place.at, missingKeys(missing, schema, this.#trail));
    }
    return value;
  }

  /** A mapping whose keys are names that the file chooses. */
  #readNamed(schema: TRecord, node: MappingNode) {
    const value: Record<string, unknown> = {};
    for (const [pattern, property] of Object.entries<TSchema>(schema.patternProperties)) {
      const name = new RegExp(pattern);
      for (const [key, entry] of node.entries) {
        if (name.test(key)) this.#readEntry(value, key, property, entry);
        else {
          const names: unknown = schema["names"];
          const rule = typeof names === "string" ? `; ${names}` : "";
          this.#report(entry.key ?? entry.at, `${code(key)} cannot be a name here${rule}`);
        }
      }
    }
    return value;
  }

  #readEntry(value: Record<string, unknown>, key: string, property: TSchema, entry: Place): void {
    this.#trail.push(key);
    const before = this.#faults;
    const read = this.read(property, entry);
    if (read !== undefined) setOwn(value, key, read);
    const kept: KeptParse | undefined = property["keep"];
    if (kept !== undefined && this.#faults === before && typeof read === "string") {
      const parsed = kept.parse(read);
      if ("message" in parsed) {
        const span = spanWithin(entry, parsed.offset ?? 0, this.#document.source.text);
        this.#report(span, this.#document.redact(parsed.message));
      } else value[kept.as] = parsed;
    }
    this.#trail.pop();
  }

  /** An empty section counts as absent: usually all of its lines are commented out. */
  #isLeftOut(key: string, property: TSchema, { node, key: at }: Place): boolean {
    if (!isEmpty(node) || !(isSection(property) || property["mayBeEmpty"] === true)) return false;
    const isOptional = property[OptionalKind] !== undefined;
    if (!isOptional && !("default" in property)) return false;
    if (isOptional && at !== undefined) {
      const remedy =
        property["mayBeEmpty"] === true ||
        (KindGuard.IsObject(property) && "enabled" in property.properties)
          ? `; for its defaults, write \`${key}: true\``
          : "";
      this.#tell(at, `${code(key)} is empty and counts as left out${remedy}`, "warning");
    }
    return true;
  }

  /** Reports unknown keys, and returns the valid ones that were probably meant. */
  #reportOtherKeys(schema: TObject, node: MappingNode): ReadonlySet<string> {
    let meant = NONE;
    for (const [key, entry] of node.entries) {
      if (Object.hasOwn(schema.properties, key) || isIgnored(schema, key)) continue;
      const unknown = unknownKey(key, {
        schema,
        trail: this.#trail,
        whole: this.#whole,
        hints: this.#hints,
      });
      this.#report(entry.key ?? entry.at, unknown.message);
      if (unknown.meant !== undefined) meant = new Set([...meant, unknown.meant]);
    }
    return meant;
  }

  #readList(schema: TArray, node: ListNode, place: Place) {
    const { items } = node;
    const { minItems = 0, maxItems = Infinity } = schema;
    if (items.length < minItems || items.length > maxItems) {
      const found = items.length === 0 ? describe(node) : `${items.length}`;
      this.#report(place.at, `expected ${expectedCount(schema)}, got ${found}`);
    }
    return items.map((item) => this.read(schema.items, item));
  }

  /** Takes the first form that fits. If none does, reports the errors of the closest one. */
  #readUnion(schema: TUnion, place: Place): unknown {
    const { node } = place;
    const forms = schema.anyOf.filter(
      (form) => accepts(form, node.kind) || (node.kind === "scalar" && isListOfScalars(form)),
    );
    // The environment only has text, so forms that are more specific than text come first.
    if (node.kind === "scalar" && node.origin === "environment") {
      forms.sort((a, b) => Number(KindGuard.IsString(a)) - Number(KindGuard.IsString(b)));
    }
    const before = this.#faults;
    const outer = this.diagnostics;
    let nearest: Reading | undefined;
    for (const form of forms) {
      this.diagnostics = [];
      const undecoded = this.#undecoded;
      const value = this.read(form, place);
      const faults = this.#faults - before;
      const isForm = faults === 0 || this.#undecoded > undecoded;
      if (nearest === undefined || faults < nearest.faults || (isForm && !nearest.isForm)) {
        nearest = { value, diagnostics: this.diagnostics, faults, isForm };
      }
      this.#faults = before;
      if (faults === 0) break;
    }
    this.diagnostics = outer;
    const isOfScalars = node.kind === "scalar" && (forms.length > 1 || "expected" in schema);
    if (nearest === undefined || (nearest.faults > 0 && isOfScalars && !nearest.isForm)) {
      return this.#report(place.at, mismatch(schema, node));
    }
    this.diagnostics.push(...nearest.diagnostics);
    this.#faults += nearest.faults;
    return nearest.value;
  }

  /** The parts of the value have been decoded already. */
  #decode(schema: TSchema, value: unknown, place: Place): unknown {
    if (!KindGuard.IsTransform(schema)) return value;
    try {
      return schema[TransformKind].Decode(value);
    } catch (error) {
      this.#undecoded += 1;
      const offset = error instanceof TextProblem ? error.offset : 0;
      const span = spanWithin(place, offset, this.#document.source.text);
      return this.#report(span, this.#document.redact(reasonOf(error, place)));
    }
  }

  #defaultOf(schema: TSchema): unknown {
    const known = this.#defaults.get(schema);
    if (known !== undefined) return known;
    const value: unknown = Value.Decode(schema, Value.Default(schema, undefined));
    if (typeof value !== "object") this.#defaults.set(schema, value);
    return value;
  }

  #report(span: Span, message: string): undefined {
    this.#faults += 1;
    this.#tell(span, message);
  }

  #tell(span: Span, message: string, severity?: Diagnostic["severity"]): void {
    this.diagnostics.push(this.#document.source.diagnostic(span, message, severity));
  }
}

/** A problem within a text quotes it, which must not show a part of a value from the environment. */
function reasonOf(error: unknown, { node }: Place): string {
  if (error instanceof TextProblem && node.kind === "scalar" && node.origin === "environment") {
    return `${describe(node)} is not a valid text with placeholders; a brace of the text itself is written \`{{\``;
  }
  return error instanceof Error ? error.message : String(error);
}

/** One form of a union, read. `isForm`: the value has this form, even if it cannot be decoded. */
interface Reading {
  readonly value: unknown;
  readonly diagnostics: Diagnostic[];
  readonly faults: number;
  readonly isForm: boolean;
}

const NONE: ReadonlySet<string> = new Set();

/** Whether a mapping ignores a key; the option `ignoredKeys` of its schema says which. */
function isIgnored(schema: TObject, key: string): boolean {
  const ignored: unknown = schema["ignoredKeys"];
  return ignored instanceof RegExp && ignored.test(key);
}
