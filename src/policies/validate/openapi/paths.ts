import { normalizePath } from "../../../http/path.ts";

/** What is at the end of a path: something for each method, and the names of its parameters. */
interface End<Thing> {
  readonly names: readonly string[];
  readonly thing: Thing;
}

interface Node<Thing> {
  readonly literals: Map<string, Node<Thing>>;
  /** Segments of text and parameters, like `{id}.json`. */
  readonly mixed: { readonly texts: readonly string[]; readonly node: Node<Thing> }[];
  parameter: Node<Thing> | undefined;
  readonly ends: Map<string, End<Thing>>;
}

export type Found<Thing> =
  | {
      readonly kind: "found";
      readonly thing: Thing;
      readonly parameters: ReadonlyMap<string, string>;
    }
  /** There is such a path, for other methods. */
  | { readonly kind: "other methods"; readonly methods: readonly string[] }
  | { readonly kind: "none" };

/** Paths with `{parameters}` and what is there for a method. Text goes before parameters. */
export class Paths<Thing> {
  readonly #root = newNode<Thing>();

  /** `path` begins with "/". */
  add(path: string, method: string, thing: Thing): void {
    const names: string[] = [];
    let node = this.#root;
    for (const segment of path.slice(1).split("/")) node = below(node, segment, names);
    // Of two, as by two servers with one path, the first counts.
    if (!node.ends.has(method)) node.ends.set(method, { names, thing });
  }

  /** Takes a normal path. The parameters' values are as in the path, percent-encoded. */
  find(method: string, path: string): Found<Thing> {
    const others = new Set<string>();
    const segments = path.slice(1).split("/");
    const values: string[] = [];
    const end = search(this.#root, segments, 0, { method, values, others });
    if (end !== undefined) {
      const parameters = new Map(end.names.map((name, at) => [name, values[at] ?? ""]));
      return { kind: "found", thing: end.thing, parameters };
    }
    return others.size === 0
      ? { kind: "none" }
      : { kind: "other methods", methods: [...others].sort() };
  }
}

function newNode<Thing>(): Node<Thing> {
  return { literals: new Map(), mixed: [], parameter: undefined, ends: new Map() };
}

const PARAMETER = /\{([^{}]+)\}/g;

/** The node of a segment below another one; made if it is not there. Collects names of parameters. */
function below<Thing>(node: Node<Thing>, segment: string, names: string[]): Node<Thing> {
  const own = [...segment.matchAll(PARAMETER)];
  for (const [, name = ""] of own) names.push(name);
  if (own.length === 0) {
    const literal = normalSegment(segment);
    const known = node.literals.get(literal) ?? newNode<Thing>();
    node.literals.set(literal, known);
    return known;
  }
  if (own.length === 1 && own[0]?.[0] === segment) return (node.parameter ??= newNode());
  const texts = segment.split(PARAMETER).filter((_text, index) => index % 2 === 0);
  const normal = texts.map(normalSegment);
  let mixed = node.mixed.find((one) => Bun.deepEquals(one.texts, normal));
  if (mixed === undefined) {
    mixed = { texts: normal, node: newNode() };
    node.mixed.push(mixed);
  }
  return mixed.node;
}

/**
 * What stands between the texts that a segment consists of, each at its first place; nothing is empty.
 * Undefined if it does not consist of them. Takes linear time, which a regular expression does not.
 */
function between(texts: readonly string[], segment: string): string[] | undefined {
  const [first = "", ...others] = texts;
  const last = others.pop() ?? "";
  if (!segment.startsWith(first) || !segment.endsWith(last)) return undefined;
  const end = segment.length - last.length;
  const values: string[] = [];
  let start = first.length;
  for (const text of others) {
    const at = segment.indexOf(text, start + 1);
    if (at === -1 || at + text.length > end) return undefined;
    values.push(segment.slice(start, at));
    start = at + text.length;
  }
  if (start >= end) return undefined;
  return [...values, segment.slice(start, end)];
}

/** Text as it stands in the paths of requests. */
function normalSegment(text: string): string {
  // A text alone may look like a segment of dots.
  const normal = normalizePath(`/x${text}`);
  return typeof normal === "string" ? normal.slice(2) : text;
}

interface Search {
  readonly method: string;
  /** Of the parameters on the way. */
  readonly values: string[];
  /** The methods that there are for the path. */
  readonly others: Set<string>;
}

/** Each node is at one depth, so none is visited twice. */
function search<Thing>(
  node: Node<Thing>,
  segments: readonly string[],
  at: number,
  given: Search,
): End<Thing> | undefined {
  const segment = segments[at];
  if (segment === undefined) {
    for (const method of node.ends.keys()) given.others.add(method);
    return (
      node.ends.get(given.method) ?? (given.method === "HEAD" ? node.ends.get("GET") : undefined)
    );
  }
  const { values } = given;
  const literal = node.literals.get(segment);
  const end = literal && search(literal, segments, at + 1, given);
  if (end !== undefined) return end;
  const before = values.length;
  for (const { texts, node: next } of node.mixed) {
    const found = between(texts, segment);
    if (found === undefined) continue;
    values.push(...found);
    const end = search(next, segments, at + 1, given);
    if (end !== undefined) return end;
    values.length = before;
  }
  if (node.parameter === undefined || segment === "") return undefined;
  values.push(segment);
  const parameterEnd = search(node.parameter, segments, at + 1, given);
  if (parameterEnd === undefined) values.length = before;
  return parameterEnd;
}
