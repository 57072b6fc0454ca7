import {
  Kind,
  OptionalKind,
  type StaticDecode,
  TransformKind,
  type TSchema,
} from "@sinclair/typebox";
import type { Diagnostic } from "./diagnostics.ts";
import type { ConfigDocument, Path } from "./document.ts";
import { describeValue, expectation, literalsOf, nearestOf, suggestKey } from "./words.ts";

/** What a document says according to a schema: defaults filled in, units read. */
export interface Validated<Schema extends TSchema> {
  /** Absent when there are diagnostics. */
  readonly value: StaticDecode<Schema> | undefined;
  /** The same, less what is wrong: for further checks, so that all errors are told at once. */
  readonly partial: Checkable<StaticDecode<Schema>>;
  /** Whether nothing is missing from an object or list within `partial`. */
  readonly isWhole: (part: unknown) => boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** A value from which any part may be missing, because it was wrong. */
export type Checkable<Value> = Value extends readonly (infer Item)[]
  ? readonly (Checkable<Item> | undefined)[]
  : Value extends object
    ? { readonly [Key in keyof Value]?: Checkable<Value[Key]> | undefined }
    : Value;

/**
 * Reads a document according to a schema and finds all that is wrong with it. TypeBox's own errors
 * speak of schemas and stop at unions, so this walks the few kinds of schema that configurations
 * are made of by itself.
 */
export function validate<Schema extends TSchema>(
  schema: Schema,
  document: ConfigDocument,
): Validated<Schema> {
  const reader = new Reader(schema, document);
  const read = reader.read(schema, document.value(), []);
  const { diagnostics } = reader;
  return {
    value: diagnostics.length === 0 ? read : undefined,
    partial: (read ?? {}) as Checkable<StaticDecode<Schema>>,
    isWhole: (part) => !reader.broken.has(part),
    diagnostics,
  };
}

interface Decoder {
  readonly Decode: (value: unknown) => unknown;
}

class Reader {
  readonly diagnostics: Diagnostic[] = [];
  /** Objects and lists that lack what was wrong in them. */
  readonly broken = new Set<unknown>();
  readonly #root: TSchema;
  readonly #document: ConfigDocument;

  constructor(root: TSchema, document: ConfigDocument) {
    this.#root = root;
    this.#document = document;
  }

  read(schema: TSchema, value: unknown, path: Path): unknown {
    const before = this.diagnostics.length;
    const inner = this.#readKind(schema, value, path);
    if (this.diagnostics.length > before) {
      if (typeof inner !== "object" || inner === null) return undefined;
      this.broken.add(inner);
      return inner;
    }
    const transform: Decoder | undefined = Reflect.get(schema, TransformKind);
    return transform === undefined ? inner : transform.Decode(inner);
  }

  #readKind(schema: TSchema, value: unknown, path: Path): unknown {
    switch (schema[Kind]) {
      case "Object":
        return isMapping(value)
          ? this.#readObject(schema, value, path)
          : this.#mismatch(schema, value, path);
      case "Array":
        return Array.isArray(value)
          ? this.#readArray(schema, value, path)
          : this.#mismatch(schema, value, path);
      case "Union":
        return this.#readUnion(schema, value, path);
      default: {
        const scalar = this.#asWanted(schema, value, path);
        return fits(schema, scalar) ? scalar : this.#mismatch(schema, value, path);
      }
    }
  }

  #readObject(schema: TSchema, value: Record<string, unknown>, path: Path): unknown {
    const properties: Record<string, TSchema> = schema["properties"];
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(properties, key)) this.#unknownKey(key, Object.keys(properties), path);
    }
    const result: Record<string, unknown> = {};
    for (const [key, property] of Object.entries(properties)) {
      const given = Object.hasOwn(value, key) ? value[key] : undefined;
      // A section with nothing below it is a section left out.
      const left = given === undefined || (given === null && property[Kind] === "Object");
      if (!left) {
        result[key] = this.read(property, given, [...path, key]);
      } else if (property.default !== undefined) {
        result[key] = this.read(property, structuredClone(property.default), [...path, key]);
      } else if (property[OptionalKind] === undefined) {
        this.#report(path, `the key \`${key}\` is missing: ${expectation(property)}`);
      }
    }
    return result;
  }

  #readArray(schema: TSchema, value: readonly unknown[], path: Path): unknown {
    const items: TSchema = schema["items"];
    const minItems: number = schema["minItems"] ?? 0;
    if (value.length < minItems) {
      this.#report(
        path,
        `the list is empty; it needs at least ${minItems === 1 ? "one entry" : minItems}`,
      );
    }
    return value.map((item, index) => this.read(items, item, [...path, index]));
  }

  #readUnion(schema: TSchema, value: unknown, path: Path): unknown {
    const variants: readonly TSchema[] = schema["anyOf"];
    // Of a mapping, the errors inside are worth more than that it does not fit.
    const object = variants.find((variant) => variant[Kind] === "Object");
    if (isMapping(value) && object !== undefined) return this.read(object, value, path);
    for (const variant of variants) {
      const known = this.diagnostics.length;
      const read = this.read(variant, value, path);
      if (this.diagnostics.length === known) return read;
      this.diagnostics.length = known;
    }
    return this.#mismatch(schema, value, path);
  }

  /** A value that came of an environment variable is text, and is read as what is wanted. */
  #asWanted(schema: TSchema, value: unknown, path: Path): unknown {
    if (typeof value !== "string" || this.#document.writtenText(path) === undefined) return value;
    const kind = schema[Kind];
    if (kind === "Boolean" && (value === "true" || value === "false")) return value === "true";
    const numeric =
      (kind === "Integer" || kind === "Number") && /^-?[0-9]+(\.[0-9]+)?$/.test(value);
    return numeric ? Number(value) : value;
  }

  #unknownKey(key: string, known: readonly string[], path: Path): void {
    const near = nearestOf(key, known);
    const elsewhere = near === undefined ? placesOf(key, this.#root) : [];
    const hint =
      elsewhere.length === 1 ? `; it belongs under \`${elsewhere[0]}\`` : suggestKey(key, known);
    this.diagnostics.push(
      this.#document.diagnose([...path, key], `unknown key \`${key}\`${hint}`, "key"),
    );
  }

  #mismatch(schema: TSchema, value: unknown, path: Path): undefined {
    if (value === null && path.length > 0) {
      this.#report(path, `\`${path.at(-1)}\` is empty; expected ${expectation(schema)}`);
      return undefined;
    }
    // What came of an environment variable may be a secret.
    const written = this.#document.writtenText(path);
    const got = written === undefined ? describeValue(value) : `what \`${written}\` stands for`;
    const literals = typeof value === "string" ? literalsOf(schema) : undefined;
    const near = literals === undefined ? undefined : nearestOf(String(value), literals);
    const hint = near === undefined ? "" : `, did you mean \`${near}\`?`;
    this.#report(path, `expected ${expectation(schema)}, got ${got}${hint}`);
    return undefined;
  }

  #report(path: Path, message: string): void {
    this.diagnostics.push(this.#document.diagnose(path, message));
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fits(schema: TSchema, value: unknown): boolean {
  switch (schema[Kind]) {
    case "String":
      return typeof value === "string" && fitsText(schema, value);
    case "Boolean":
      return typeof value === "boolean";
    case "Integer":
      return Number.isSafeInteger(value) && fitsRange(schema, Number(value));
    case "Number":
      return typeof value === "number" && Number.isFinite(value) && fitsRange(schema, value);
    case "Literal":
      return value === schema["const"];
    default:
      return false;
  }
}

function fitsText(schema: TSchema, text: string): boolean {
  const { pattern, minLength } = schema;
  if (typeof minLength === "number" && text.length < minLength) return false;
  return typeof pattern !== "string" || new RegExp(pattern, "u").test(text);
}

function fitsRange({ minimum, maximum, exclusiveMinimum }: TSchema, value: number): boolean {
  if (typeof minimum === "number" && value < minimum) return false;
  if (typeof maximum === "number" && value > maximum) return false;
  return typeof exclusiveMinimum !== "number" || value > exclusiveMinimum;
}

/** The sections in which a key is known, for those who wrote it elsewhere. */
function placesOf(key: string, schema: TSchema, at = ""): string[] {
  const places: string[] = [];
  const properties: Record<string, TSchema> = schema["properties"] ?? {};
  if (at !== "" && Object.hasOwn(properties, key)) places.push(at);
  for (const [name, property] of Object.entries(properties)) {
    places.push(...placesOf(key, property, at === "" ? name : `${at}.${name}`));
  }
  if (schema[Kind] === "Array") places.push(...placesOf(key, schema["items"], `${at}[]`));
  const variants: readonly TSchema[] = schema["anyOf"] ?? [];
  for (const variant of variants) places.push(...placesOf(key, variant, at));
  return places;
}
