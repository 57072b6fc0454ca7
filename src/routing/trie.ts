import type { Pattern } from "./pattern.ts";

/** A position between two segments of a path. */
interface TrieNode<Leaf> {
  /** By the text of their segment. */
  children: Map<string, TrieNode<Leaf>> | undefined;
  parameter: TrieNode<Leaf> | undefined;
  /** For paths that end here. */
  leaf: Leaf | undefined;
  /** For paths with anything after the next "/", even nothing. */
  wildcard: Leaf | undefined;
}

/**
 * One leaf per pattern shape, found along the segments of a path.
 *
 * A search goes back to less specific branches when the leaves of a more specific one are declined.
 * It stays bounded because every node has one parent and one depth: a search enters each node at
 * most once, so the worst path costs no more steps than the patterns have segments, all together.
 */
export class PatternTrie<Leaf extends object> {
  readonly #root: TrieNode<Leaf> = createNode();

  /** The leaf of the pattern's shape, created if missing. */
  leafOf(pattern: Pattern, create: () => Leaf): Leaf {
    let node = this.#root;
    for (const segment of pattern.segments) {
      if (segment.kind === "wildcard") return (node.wildcard ??= create());
      if (segment.kind === "parameter") {
        node = node.parameter ??= createNode();
        continue;
      }
      node.children ??= new Map();
      let child = node.children.get(segment.text);
      if (child === undefined) {
        child = createNode();
        node.children.set(segment.text, child);
      }
      node = child;
    }
    return (node.leaf ??= create());
  }

  /**
   * Offers the leaves that match the path to `accept`, the most specific first, and returns the first
   * one accepted, or undefined. `method` and `given` are passed to `accept`, so that no closure is
   * needed per request.
   */
  search<Given, Found>(
    path: string,
    method: string,
    given: Given,
    accept: (leaf: Leaf, method: string, given: Given) => Found | undefined,
  ): Found | undefined {
    return path.startsWith("/")
      ? searchBelow(this.#root, path, 1, method, given, accept)
      : undefined;
  }
}

function createNode<Leaf>(): TrieNode<Leaf> {
  return { children: undefined, parameter: undefined, leaf: undefined, wildcard: undefined };
}

/** Searches below the node, with the segment of the path that begins at `start`. */
function searchBelow<Leaf, Given, Found>(
  node: TrieNode<Leaf>,
  path: string,
  start: number,
  method: string,
  given: Given,
  accept: (leaf: Leaf, method: string, given: Given) => Found | undefined,
): Found | undefined {
  if (node.children !== undefined || node.parameter !== undefined) {
    const slash = path.indexOf("/", start);
    const end = slash === -1 ? path.length : slash;
    const child = node.children?.get(path.slice(start, end));
    let found = child && searchAt(child, path, end, method, given, accept);
    if (found === undefined && node.parameter !== undefined && end > start) {
      found = searchAt(node.parameter, path, end, method, given, accept);
    }
    if (found !== undefined) return found;
  }
  return node.wildcard && accept(node.wildcard, method, given);
}

/** Searches the node itself and below it; `end` is where its own segment ended. */
function searchAt<Leaf, Given, Found>(
  node: TrieNode<Leaf>,
  path: string,
  end: number,
  method: string,
  given: Given,
  accept: (leaf: Leaf, method: string, given: Given) => Found | undefined,
): Found | undefined {
  if (end === path.length) return node.leaf && accept(node.leaf, method, given);
  return searchBelow(node, path, end + 1, method, given, accept);
}
