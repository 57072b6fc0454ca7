import { Output } from "./output.ts";
import { INDEX } from "./path.ts";
import type { Plan } from "./plan.ts";
import {
  afterBlanks,
  CLOSE_ARRAY,
  COMMA,
  endOfString,
  endOfValue,
  isJson,
  nameAt,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  startOfText,
  startOfValue,
} from "./scan.ts";

/** What is to be done to a JSON text: names are removed and changed, then values are set. */
export interface JsonEdits<Source> {
  /** What is removed and renamed, by the text's own names. */
  readonly shape: Plan<Source> | undefined;
  /** What is set, by the names that are left. */
  readonly values: Plan<Source> | undefined;
  /** Bytes that the result may have. */
  readonly longest: number;
}

/**
 * Edits a JSON text as text: what is not edited keeps its bytes, so numbers, the order of names, names
 * that repeat and blanks stay as they are. Returns undefined if that changes nothing. The time is
 * proportional to the length, whatever the nesting.
 */
export function editJson<Source>(
  content: Uint8Array,
  { shape, values, longest }: JsonEdits<Source>,
  source: Source,
): Uint8Array | "not JSON" | "too long" | undefined {
  const start = startOfText(content);
  if (!isJson(content, start)) return "not JSON";
  const root = afterBlanks(content, start);
  if (content[root] !== OPEN_OBJECT && content[root] !== OPEN_ARRAY) return undefined;
  const output = new Output(content, longest);
  output.copy(0, root);
  const end = new Editor(content, output, source).edit(root, shape, values);
  output.copy(end, content.length);
  return output.result();
}

type Maybe<Source> = Plan<Source> | undefined;

/** Writes values of a valid JSON text, edited. */
class Editor<Source> {
  readonly #bytes: Uint8Array;
  readonly #output: Output;
  readonly #source: Source;
  /** The values that depend on the source, each made once. */
  #made: Map<Plan<Source>, Uint8Array> | undefined;

  constructor(bytes: Uint8Array, output: Output, source: Source) {
    this.#bytes = bytes;
    this.#output = output;
    this.#source = source;
  }

  /** Writes the value that begins here. Returns its end in the original. */
  edit(start: number, shape: Maybe<Source>, values: Maybe<Source>): number {
    const set = values?.value === undefined ? undefined : this.#textOf(values);
    if (set === undefined && (shape !== undefined || values !== undefined)) {
      const first = this.#bytes[start];
      if (first === OPEN_OBJECT) return this.#editObject(start, shape, values);
      if (first === OPEN_ARRAY) return this.#editArray(start, shape, values);
    }
    const end = endOfValue(this.#bytes, start);
    // A number or a text that stands where an object is wanted gives way to one.
    const text = set ?? (values === undefined ? undefined : this.#textOf(values));
    if (text === undefined) this.#output.copy(start, end);
    else this.#output.write(text);
    return end;
  }

  #editObject(start: number, shape: Maybe<Source>, values: Maybe<Source>): number {
    const bytes = this.#bytes;
    const output = this.#output;
    const replaced = this.#replacedNames(start, shape);
    const written = values === undefined ? undefined : new Set<string>();
    let isEmpty = true;
    output.copy(start, start + 1);
    let end = start + 1;
    const opening = afterBlanks(bytes, end);
    let at = opening;
    while (bytes[at] === QUOTE) {
      const nameEnd = endOfString(bytes, at);
      const name = nameAt(bytes, at, nameEnd);
      const valueStart = startOfValue(bytes, nameEnd);
      const own = shape?.names.get(name);
      const newName = own?.newName;
      const wanted = values?.names.get(newName ?? name);
      const isDropped =
        own?.isRemoved === true ||
        (newName === undefined && replaced.has(name)) ||
        // Of two members with one name a backend could read either.
        (wanted?.value !== undefined && written?.has(newName ?? name) === true);
      if (isDropped) end = endOfValue(bytes, valueStart);
      else {
        output.copy(isEmpty ? start + 1 : end, isEmpty ? opening : at);
        isEmpty = false;
        if (own?.newName === undefined) output.copy(at, nameEnd);
        else output.write(own.nameText);
        output.copy(nameEnd, valueStart);
        if (wanted !== undefined) written?.add(newName ?? name);
        end = this.edit(valueStart, own, wanted);
      }
      at = afterSeparator(bytes, end);
    }
    for (const [name, plan] of values?.names ?? NO_PLANS) {
      const text = written?.has(name) === true ? undefined : this.#textOf(plan);
      if (text === undefined) continue;
      if (!isEmpty) output.write(SEPARATOR);
      isEmpty = false;
      output.write(plan.nameText);
      output.write(COLON);
      output.write(text);
    }
    output.copy(end, at + 1);
    return at + 1;
  }

  #editArray(start: number, shape: Maybe<Source>, values: Maybe<Source>): number {
    const bytes = this.#bytes;
    const output = this.#output;
    let isEmpty = true;
    output.copy(start, start + 1);
    let end = start + 1;
    const opening = afterBlanks(bytes, end);
    let at = opening;
    for (let index = 0; bytes[at] !== CLOSE_ARRAY; index += 1) {
      const own = shape?.indexes.get(index) ?? shape?.each;
      if (own?.isRemoved === true) end = endOfValue(bytes, at);
      else {
        output.copy(isEmpty ? start + 1 : end, isEmpty ? opening : at);
        isEmpty = false;
        end = this.edit(at, own, values?.indexes.get(index) ?? values?.each);
      }
      at = afterSeparator(bytes, end);
    }
    output.copy(end, at + 1);
    return at + 1;
  }

  /** The names that members of an object will have whose names change: others of these names give way. */
  #replacedNames(start: number, shape: Maybe<Source>): ReadonlySet<string> {
    if (shape === undefined || !shape.hasNewNames) return NO_NAMES;
    const bytes = this.#bytes;
    const names = new Set<string>();
    let at = afterBlanks(bytes, start + 1);
    while (bytes[at] === QUOTE) {
      const nameEnd = endOfString(bytes, at);
      const newName = shape.names.get(nameAt(bytes, at, nameEnd))?.newName;
      if (newName !== undefined) names.add(newName);
      at = afterSeparator(bytes, endOfValue(bytes, startOfValue(bytes, nameEnd)));
    }
    return names;
  }

  /** A new value; undefined if the plan is only for what is there. */
  #textOf(plan: Plan<Source>): Uint8Array | undefined {
    const { value } = plan;
    if (value instanceof Uint8Array) return value;
    let text = this.#made?.get(plan);
    if (text !== undefined) return text;
    text = value === undefined ? this.#newObject(plan) : value(this.#source);
    if (text !== undefined) (this.#made ??= new Map()).set(plan, text);
    return text;
  }

  /** An object of the values below; undefined without any, as lists are not made. */
  #newObject({ names }: Plan<Source>): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (const [name, plan] of names) {
      const text = INDEX.test(name) ? undefined : this.#textOf(plan);
      if (text === undefined) continue;
      parts.push(parts.length === 0 ? BEGINNING : SEPARATOR, plan.nameText, COLON, text);
    }
    return parts.length === 0 ? undefined : Buffer.concat([...parts, ENDING]);
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();
const NO_PLANS: readonly never[] = [];
const BEGINNING = Buffer.from("{");
const ENDING = Buffer.from("}");
const SEPARATOR = Buffer.from(",");
const COLON = Buffer.from(":");

/** The next member or item, or the end of the container, after one that ends here. */
function afterSeparator(bytes: Uint8Array, end: number): number {
  const at = afterBlanks(bytes, end);
  return bytes[at] === COMMA ? afterBlanks(bytes, at + 1) : at;
}
