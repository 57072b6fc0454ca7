import type { Span } from "./source-text.ts";

/** What the text of a configuration says: aliases followed, merge keys merged. */
export type ConfigNode = ScalarNode | MappingNode | ListNode;

export interface ScalarNode {
  readonly kind: "scalar";
  /** Where it is written, quotes included. */
  readonly span: Span;
  /** Its text as written, quotes and escapes undone. */
  readonly written: string;
  /** Changes when the environment is put in. */
  value: string | number | boolean | null;
  /** Where the value is from; `unset`: from a variable that there is not, so there is no value. */
  origin: "text" | "environment" | "unset";
}

export interface MappingNode {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, Place>;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly Place[];
}

/**
 * A node at one of its places. An anchored node has several: where it is written, and every `*alias`
 * of it. What is within it has only the place where it is written.
 */
export interface Place {
  readonly node: ConfigNode;
  /** What to mark for the value: its text, the `*alias`, or where a block of lines begins. */
  readonly at: Span;
  /** Its key, unless it is a list's item or the whole. */
  readonly key?: Span;
}

export function isEmpty(node: ConfigNode): boolean {
  return node.kind === "scalar" && node.value === null;
}

export function plainValue(node: ConfigNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map((item) => plainValue(item.node));
  const value: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) setOwn(value, key, plainValue(entry.node));
  return value;
}

/** Sets a key whatever its name; plain assignment of `__proto__` would change the prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") {
    target[key] = value;
    return;
  }
  Object.defineProperty(target, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** All scalars, each once, however many aliases it has. */
export function scalarsOf(node: ConfigNode): ScalarNode[] {
  const seen = new Set<ConfigNode>();
  const scalars: ScalarNode[] = [];
  const visit = (one: ConfigNode) => {
    if (seen.has(one)) return;
    seen.add(one);
    if (one.kind === "scalar") scalars.push(one);
    else
      for (const place of one.kind === "list" ? one.items : one.entries.values()) visit(place.node);
  };
  visit(node);
  return scalars;
}
