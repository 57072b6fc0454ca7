import { type Alias, isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap } from "yaml";
import type { Diagnostic } from "./diagnostics.ts";
import type { ConfigNode, MappingNode, Place, ScalarNode } from "./node.ts";
import type { SourceText, Span } from "./source-text.ts";

const DEEPEST = 100;
/** How many nodes all aliases together may stand for. A few lines can ask for billions. */
const MOST_REPEATED = 100_000;
const MERGE_KEY = "<<";

interface Anchor {
  /** Absent while the anchored node is being read. */
  node?: ConfigNode;
  size: number;
}

/** Converts the nodes of the YAML library to ours. */
export class NodeComposer {
  readonly diagnostics: Diagnostic[] = [];
  readonly #source: SourceText;
  readonly #anchors = new Map<string, Anchor>();
  #nodes = 0;
  #repeated = 0;
  #depth = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** `end` is the position of an absent node. */
  compose(node: unknown, end: number): Place {
    this.#nodes += 1;
    const span = spanOf(node, end);
    if (isAlias(node)) return { node: this.#follow(node, span), at: span };
    const anchor: Anchor = { size: 0 };
    const name = anchorOf(node);
    if (name !== undefined) this.#anchors.set(name, anchor);
    const before = this.#nodes + this.#repeated;
    const place = this.#composeWritten(node, span);
    anchor.node = place.node;
    anchor.size = this.#nodes + this.#repeated - before + 1;
    return place;
  }

  #composeWritten(node: unknown, span: Span): Place {
    if (isScalar(node)) return { node: scalar(node.value, node.source ?? "", span), at: span };
    if (this.#depth === DEEPEST) {
      return { node: this.#refuse(span, `nested more than ${DEEPEST} levels deep`), at: span };
    }
    this.#depth += 1;
    const place = this.#composeCollection(node, span);
    this.#depth -= 1;
    return place;
  }

  #composeCollection(node: unknown, span: Span): Place {
    if (isMap(node)) {
      const entries = this.#entries(node);
      const [first] = entries.values();
      // A block mapping is marked by its first key.
      const at = node.flow === true ? span : (first?.key ?? span);
      return { node: { kind: "mapping", entries }, at };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.compose(item, span.end));
      const at = node.flow === true ? span : { start: span.start, end: span.start + 1 };
      return { node: { kind: "list", items }, at };
    }
    return { node: scalar(null, "", span), at: span };
  }

  #entries(map: YAMLMap): ReadonlyMap<string, Place> {
    const entries = new Map<string, Place>();
    const merged: MappingNode[] = [];
    for (const pair of map.items) {
      const { name, span: key, plain } = keyOf(pair);
      const place = { ...this.compose(pair.value, key.end), key };
      const first = entries.get(name)?.key;
      if (name === "" && key.start === key.end) {
        this.#refuse(key, "a key is missing before this `:`");
      } else if (first !== undefined) {
        const line = this.#source.lineNumber(first.start);
        this.#refuse(key, `duplicate key \`${name}\`, already set on line ${line}`);
      } else if (name === MERGE_KEY && plain) merged.push(...this.#mergedBy(place));
      else entries.set(name, place);
    }
    for (const { entries: others } of merged) {
      for (const [name, place] of others) if (!entries.has(name)) entries.set(name, place);
    }
    return entries;
  }

  #mergedBy(place: Place): MappingNode[] {
    const { node, at } = place;
    if (node.kind === "mapping") return [node];
    if (node.kind === "list") return node.items.flatMap((item) => this.#mergedBy(item));
    // An alias that could not be followed has been reported already.
    if (node.origin !== "unset") this.#refuse(at, "`<<` takes a mapping or a list of mappings");
    return [];
  }

  #follow(alias: Alias, at: Span): ConfigNode {
    const anchor = this.#anchors.get(alias.source);
    if (anchor === undefined) {
      const { source } = alias;
      const message = /^[A-Za-z0-9_-]+$/.test(source)
        ? `\`*${source}\` has no \`&${source}\` above it; if it is text, put it in quotes`
        : `text that begins with * needs quotes: write "*${source}"`;
      return this.#refuse(at, message);
    }
    if (anchor.node === undefined) {
      return this.#refuse(at, `\`*${alias.source}\` refers to a value that contains it`);
    }
    this.#repeated += anchor.size;
    if (this.#repeated > MOST_REPEATED) {
      const message = `aliases repeat too much: more than ${MOST_REPEATED} values up to here`;
      return this.#refuse(at, message);
    }
    return anchor.node;
  }

  #refuse(at: Span, message: string): ScalarNode {
    // Once there are too many aliases, only the first is reported.
    if (this.#repeated <= MOST_REPEATED || !this.diagnostics.some((d) => d.message === message)) {
      this.diagnostics.push(this.#source.diagnostic(at, message));
    }
    return { ...scalar(null, "", at), origin: "unset" };
  }
}

function scalar(value: unknown, source: string, span: Span): ScalarNode {
  const isPlain = typeof value === "number" || typeof value === "boolean" || value === null;
  return {
    kind: "scalar",
    span,
    written: source,
    value: isPlain ? value : source,
    origin: "text",
  };
}

function keyOf({ key }: Pair): { name: string; span: Span; plain: boolean } {
  const span = spanOf(key, 0);
  if (!isScalar(key)) return { name: "", span, plain: false };
  return { name: String(key.value), span, plain: key.type === "PLAIN" };
}

function anchorOf(node: unknown): string | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
}

function spanOf(node: unknown, end: number): Span {
  const known = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  const range = known ? node.range : undefined;
  return range ? { start: range[0], end: range[1] } : { start: end, end };
}
