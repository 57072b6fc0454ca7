import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from "yaml";
import type { Diagnostic } from "./diagnostics.ts";

export type Path = readonly (string | number)[];

/** More aliases than this make a document that is small on disk and huge in memory. */
const MOST_ALIASES = 1_000;

/** A YAML file with the places of what it says. */
export class ConfigDocument {
  readonly file: string;
  /** What keeps the text from being read at all; empty when nothing does. */
  readonly diagnostics: Diagnostic[];
  readonly #lines: readonly string[];
  readonly #counter: LineCounter;
  readonly #document: Document.Parsed;
  /** Scalars that were changed after reading, with their text as it was written. */
  readonly #written = new Map<Scalar, string>();

  private constructor(file: string, text: string) {
    const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.file = file;
    this.#lines = source.split(/\r?\n/);
    this.#counter = new LineCounter();
    this.#document = parseDocument(source, {
      lineCounter: this.#counter,
      merge: true,
      prettyErrors: false,
      strict: true,
    });
    this.diagnostics = this.#document.errors.map(({ message, pos }) =>
      this.#at([pos[0], pos[1]], `not valid YAML: ${plainWords(message)}`),
    );
    if (this.diagnostics.length === 0) this.#checkForm();
  }

  static parse(file: string, text: string): ConfigDocument {
    return new ConfigDocument(file, text);
  }

  /** The document as plain values. */
  value(): unknown {
    return this.#document.toJS({ maxAliasCount: MOST_ALIASES });
  }

  /** Calls back for every scalar value (keys are none). The answer, if text, takes its place. */
  replaceText(replace: (text: string, diagnose: (message: string) => Diagnostic) => string): void {
    visit(this.#document, {
      Scalar: (key, node) => {
        if (key === "key" || typeof node.value !== "string") return;
        const written = node.value;
        const text = replace(written, (message) => this.#at(rangeOf(node), message));
        if (text === written) return;
        this.#written.set(node, written);
        node.value = text;
      },
    });
  }

  /** The text of a value as it was written, where it has been replaced since. */
  writtenText(path: Path): string | undefined {
    const node = this.#find(path)?.value;
    return isScalar(node) ? this.#written.get(node) : undefined;
  }

  /** A diagnostic at the value at a path, at its key, or at what is nearest above it. */
  diagnose(path: Path, message: string, at: "key" | "value" = "value"): Diagnostic {
    for (let length = path.length; length > 0; length -= 1) {
      const found = this.#find(path.slice(0, length));
      if (found === undefined) continue;
      const wanted = at === "key" && length === path.length ? found.key : found.value;
      return this.#at(rangeOf(wanted ?? found.key ?? found.value), message);
    }
    return this.#at(rangeOf(this.#document.contents), message);
  }

  #checkForm(): void {
    const { contents } = this.#document;
    if (!isMap(contents)) {
      const message =
        contents === null
          ? "the file is empty; it needs at least `routes`"
          : "the file is not a mapping of keys to values, like `routes: …`";
      this.diagnostics.push(this.#at(rangeOf(contents), message));
      return;
    }
    try {
      this.value();
    } catch {
      this.diagnostics.push(this.#at(rangeOf(contents), "the file's aliases multiply without end"));
    }
  }

  #find(path: Path): { key: Node | undefined; value: Node | undefined } | undefined {
    let key: Node | undefined;
    let value: Node | undefined = this.#document.contents ?? undefined;
    for (const step of path) {
      const pair = this.#step(this.#resolve(value), step);
      if (pair === undefined) return undefined;
      ({ key, value } = pair);
    }
    return { key, value: this.#resolve(value) };
  }

  #step(
    parent: Node | undefined,
    step: string | number,
  ): { key: Node | undefined; value: Node | undefined } | undefined {
    if (isSeq(parent)) {
      const item = parent.items[Number(step)];
      return item === undefined ? undefined : { key: undefined, value: asNode(item) };
    }
    if (!isMap(parent)) return undefined;
    const own = parent.items.find((pair) => keyText(pair) === String(step));
    if (own !== undefined) return { key: asNode(own.key), value: asNode(own.value) };
    for (const pair of parent.items) {
      if (keyText(pair) !== "<<") continue;
      const merged = this.#resolve(asNode(pair.value));
      const sources = isSeq(merged)
        ? merged.items.map((item) => this.#resolve(asNode(item)))
        : [merged];
      for (const source of sources) {
        const found = this.#step(source, step);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #resolve(node: Node | undefined): Node | undefined {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #at([start, end]: readonly [number, number], message: string): Diagnostic {
    const { line, col } = this.#counter.linePos(start);
    const sourceLine = this.#lines[line - 1] ?? "";
    const room = sourceLine.trimEnd().length - (col - 1);
    return {
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      length: Math.max(1, Math.min(end - start, room)),
      message,
      sourceLine,
    };
  }
}

function asNode(value: unknown): Node | undefined {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : undefined;
}

function keyText(pair: unknown): string | undefined {
  if (!isPair(pair)) return undefined;
  const { key } = pair;
  return isScalar(key) ? String(key.value) : undefined;
}

function rangeOf(node: Node | null | undefined): readonly [number, number] {
  const range = node?.range;
  return range === undefined || range === null ? [0, 1] : [range[0], range[1]];
}

// The library's messages are good, but for the few that speak of its own terms.
function plainWords(message: string): string {
  if (message.includes("Map keys must be unique")) return "this key is there twice";
  if (message.includes("Source contains multiple documents")) {
    return "the file holds several documents; put one into each file";
  }
  return message.replace(/\.$/, "");
}
