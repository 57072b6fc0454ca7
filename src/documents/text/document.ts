import { isDocument, parseAllDocuments, type YAMLError } from "yaml";
import { NodeComposer } from "./compose.ts";
import type { Diagnostic } from "./diagnostics.ts";
import {
  type ConfigNode,
  isEmpty,
  type MappingNode,
  type Place,
  plainValue,
  type ScalarNode,
  scalarsOf,
} from "./node.ts";
import { readPlainYaml } from "./plain-yaml.ts";
import { SourceText, type Span } from "./source-text.ts";
import { spanWithin } from "./span-within.ts";
import { isAfterthought, wordsFor } from "./yaml-words.ts";

/** Shorter texts are parsed by the library alone, which is fast enough for them. */
const LARGE = 64 * 1024;

/** What a text is, for messages about all of it. */
export interface DocumentKind {
  /** As in "a configuration". */
  readonly name: string;
  /** What a line of it looks like: "`port: 8080`". */
  readonly example: string;
  /** Where to get one, for a text that is empty or something else. */
  readonly remedy: string;
  /** What to do with a list; absent if the text may be a list. */
  readonly listRemedy?: string;
  /** Whether its values are secrets, so that no message quotes them. */
  readonly isSecret?: boolean;
}

const CONFIGURATION: DocumentKind = {
  name: "a configuration",
  example: "`port: 8080`",
  remedy: "`gateway init -` prints one to start from",
  listRemedy: "routes are listed below `routes:`",
};
const START: Span = { start: 0, end: 1 };
/** Shorter values are no secrets, and would match parts of any message. */
const SHORTEST_SECRET = 4;

/** A text in YAML, usually a configuration's, with the position of everything in it. */
export class ConfigDocument {
  readonly source: SourceText;
  /** Why the text is not one YAML mapping, or list if it may be one. */
  readonly diagnostics: readonly Diagnostic[];
  /** The top-level mapping or list; absent when there are diagnostics. */
  readonly root: Place | undefined;
  readonly #read = new WeakMap<MappingNode, MappingNode>();
  readonly #secrets = new Map<string, string>();
  /** All secrets, the longest first; absent until it is needed. */
  #pattern: RegExp | undefined;

  private constructor(source: SourceText, root: Place | undefined, diagnostics: Diagnostic[]) {
    this.source = source;
    this.root = root;
    this.diagnostics = diagnostics;
  }

  /** Reads YAML 1.2; `file` is what diagnostics call it. Never throws. */
  static parse(file: string, text: string, kind = CONFIGURATION): ConfigDocument {
    const plain = text.length < LARGE ? undefined : ConfigDocument.parsePlain(file, text, kind);
    if (plain !== undefined) return plain;
    const source = new SourceText(file, text);
    const { root, diagnostics } = composeYaml(source, kind);
    return ConfigDocument.#of(source, root, diagnostics, kind);
  }

  /** The same for plain YAML; undefined for everything else. */
  static parsePlain(file: string, text: string, kind = CONFIGURATION): ConfigDocument | undefined {
    const source = new SourceText(file, text);
    const root = readPlainYaml(source.text);
    return root === undefined ? undefined : ConfigDocument.#of(source, root, [], kind);
  }

  static #of(
    source: SourceText,
    root: Place | undefined,
    diagnostics: Diagnostic[],
    kind: DocumentKind,
  ): ConfigDocument {
    if (root !== undefined && diagnostics.length === 0 && !isRoot(root.node, kind)) {
      const at = isEmpty(root.node) ? START : root.at;
      diagnostics.push(source.diagnostic(at, noMapping(root.node, source.text, kind)));
    }
    const valid = diagnostics.length === 0 ? root : undefined;
    if (kind.isSecret === true && valid !== undefined) {
      for (const scalar of scalarsOf(valid.node)) scalar.origin = "secret";
    }
    return new ConfigDocument(source, valid, diagnostics);
  }

  /** The same text, read as another top-level mapping. */
  withRoot(root: Place): ConfigDocument {
    return new ConfigDocument(this.source, root, []);
  }

  /** The content as plain objects and arrays. */
  value(): unknown {
    return this.root === undefined ? undefined : plainValue(this.root.node);
  }

  /** Every scalar value, in the order of the text. */
  scalars(): ScalarNode[] {
    return this.root === undefined ? [] : scalarsOf(this.root.node);
  }

  /** Whether anything is written at a path of keys and indexes. */
  has(path: readonly (string | number)[]): boolean {
    let place = this.root;
    for (const step of path) place = place && this.#childAt(place, step);
    return place !== undefined;
  }

  /** Has paths lead through a mapping as it was read: with keys by which others were meant. */
  readAs(written: MappingNode, read: MappingNode): void {
    this.#read.set(written, read);
  }

  #childAt(place: Place, step: string | number): Place | undefined {
    const read = place.node.kind === "mapping" ? this.#read.get(place.node) : undefined;
    return childAt(read === undefined ? place : { ...place, node: read }, step);
  }

  /** Makes `redact` replace a value by its source text. */
  hide(value: string, written: string): void {
    if (value.length < SHORTEST_SECRET) return;
    this.#secrets.set(value, written);
    this.#pattern = undefined;
  }

  /**
   * A diagnostic for the value at a path of keys and indexes. For the content of an alias, it marks the
   * text that was anchored; for a missing value, the key of the closest one that exists.
   */
  diagnose(
    path: readonly (string | number)[],
    message: string,
    options: {
      at?: "key" | "value";
      /** Where in the value's text to begin. */
      offset?: number | undefined;
      severity?: Diagnostic["severity"] | undefined;
    } = {},
  ): Diagnostic {
    return this.source.diagnostic(
      this.#spanOf(path, options.at ?? "value", options.offset),
      this.redact(message),
      options.severity,
    );
  }

  /** Replaces values from the environment by their source text. */
  redact(message: string): string {
    if (this.#secrets.size === 0) return message;
    this.#pattern ??= anyOf([...this.#secrets.keys()]);
    return message.replace(this.#pattern, (value) => this.#secrets.get(value) ?? "");
  }

  #spanOf(path: readonly (string | number)[], at: "key" | "value", offset = 0): Span {
    let place = this.root;
    let wanted = at;
    for (const step of path) {
      const next = place === undefined ? undefined : this.#childAt(place, step);
      if (next === undefined) {
        // Text that was read as a list of names is marked as a whole.
        const isListed = typeof step === "number" && place?.node.kind === "scalar";
        if (!isListed) wanted = "key";
        break;
      }
      place = next;
    }
    if (place === undefined) return START;
    const byKey = wanted === "key" || isEmpty(place.node);
    if (byKey && place.key !== undefined) return place.key;
    return spanWithin(place, offset, this.source.text);
  }
}

function isRoot({ kind }: ConfigNode, { listRemedy }: DocumentKind): boolean {
  return kind === "mapping" || (kind === "list" && listRemedy === undefined);
}

/** What to say of a text that has no keys. */
function noMapping(node: ConfigNode, text: string, kind: DocumentKind): string {
  if (isEmpty(node)) {
    const what = text.trim() === "" ? "the file is empty" : "the file sets nothing";
    return `${what}; ${kind.remedy}`;
  }
  const wanted = `expected keys with values, like ${kind.example}, got`;
  if (/^[\w-]+:\S/.test(text.trim())) return "a space is missing after the `:`";
  if (node.kind === "list") return `${wanted} a list; ${kind.listRemedy}`;
  return `${wanted} text; ${kind.name} is YAML: ${kind.remedy}`;
}

function anyOf(texts: string[]): RegExp {
  const longestFirst = texts.sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((text) => RegExp.escape(text)).join("|"), "g");
}

function childAt({ node }: Place, step: string | number): Place | undefined {
  if (node.kind === "mapping") return node.entries.get(String(step));
  return node.kind === "list" ? node.items[Number(step)] : undefined;
}

function composeYaml(
  source: SourceText,
  kind: DocumentKind,
): { root: Place | undefined; diagnostics: Diagnostic[] } {
  const { contents, diagnostics } = parseYaml(source, kind);
  if (diagnostics.length > 0) return { root: undefined, diagnostics };
  const composer = new NodeComposer(source);
  return { root: composer.compose(contents, 0), diagnostics: composer.diagnostics };
}

function parseYaml(
  source: SourceText,
  { name }: DocumentKind,
): { contents: unknown; diagnostics: Diagnostic[] } {
  const documents = parseAllDocuments(source.text, {
    version: "1.2",
    schema: "core",
    stringKeys: true,
    // Duplicates are found while composing, where the first one's line is known.
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const errors =
    "empty" in documents
      ? documents.errors
      : documents.flatMap((document) => [...document.errors, ...document.warnings]);
  const [first, second] = documents;
  if (errors.length === 0 && isDocument(second)) {
    const [start] = second.range;
    const message = `a second document begins here; ${name} is one document`;
    return {
      contents: undefined,
      diagnostics: [source.diagnostic({ start, end: start + 3 }, message)],
    };
  }
  return { contents: first?.contents, diagnostics: firstPerLine(errors, source) };
}

/** Further errors in a line are mostly consequences of the first. */
function firstPerLine(errors: readonly YAMLError[], source: SourceText): Diagnostic[] {
  const byLine = new Map<number, Diagnostic>();
  for (const error of errors) {
    if (byLine.size > 0 && isAfterthought(error)) continue;
    const diagnostic = reword(error, source);
    if (!byLine.has(diagnostic.line)) byLine.set(diagnostic.line, diagnostic);
  }
  return [...byLine.values()];
}

function reword(error: YAMLError, source: SourceText): Diagnostic {
  const [start, end] = error.pos;
  const diagnostic = source.diagnostic({ start, end }, error.message);
  return { ...diagnostic, message: wordsFor(error, diagnostic.sourceLine) };
}
