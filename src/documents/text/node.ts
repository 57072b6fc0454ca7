import type { Span } from "./source-text.ts";

/** The content of a configuration, with aliases followed and merge keys merged. */
export type ConfigNode = ScalarNode | MappingNode | ListNode;

export interface ScalarNode {
  readonly kind: "scalar";
  /** Its position, quotes included. */
  readonly span: Span;
  /** Its text, without quotes and escapes. */
  readonly written: string;
  /** Changes when environment variables are substituted. */
  value: string | number | boolean | null;
  /**
   * The source of the value; `unset`: a variable that does not exist, so there is no value; `secret`: a
   * text whose values are not quoted.
   */
  origin: "text" | "environment" | "unset" | "secret";
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
 * A node at one of its positions. An anchored node has several: its own, and that of each `*alias`.
 * Nodes inside it only have their own.
 */
export interface Place {
  readonly node: ConfigNode;
  /** What to mark for the value: its text, the `*alias`, or the start of a block. */
  readonly at: Span;
  /** Its key, unless it is a list item or the whole document. */
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

/** Sets any key. Assigning to `__proto__` would change the prototype. */
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

/** All scalars, each once. */
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
