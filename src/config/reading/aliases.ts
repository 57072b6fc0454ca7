import type { TSchema } from "@sinclair/typebox";
import type { MappingNode, Place } from "../text/node.ts";

/** The option `aliases` of a mapping's schema: other names of keys one level further down. */
export type Aliases = Readonly<Record<string, readonly [section: string, key: string]>>;

export function aliasesOf(schema: TSchema): Aliases | undefined {
  return schema["aliases"] as Aliases | undefined;
}

/**
 * The mapping as if nobody had used an alias; its values keep their places. What is given by both
 * names is reported, unless it is the same.
 */
export function withoutAliases(
  node: MappingNode,
  aliases: Aliases,
  report: (alias: Place, message: string) => void,
): MappingNode {
  let entries: Map<string, Place> | undefined;
  for (const [alias, [section, key]] of Object.entries(aliases)) {
    const place = node.entries.get(alias);
    if (place === undefined) continue;
    entries ??= new Map(node.entries);
    entries.delete(alias);
    const whole = entries.get(section);
    const inner = whole?.node.kind === "mapping" ? whole.node.entries : new Map<string, Place>();
    const own = inner.get(key);
    if (own !== undefined && !isSame(own, place)) {
      report(place, `\`${alias}\` is an older name of \`${section}.${key}\`; keep one of the two`);
    }
    // A section that is no mapping is reported as that.
    if (whole !== undefined && whole.node.kind !== "mapping" && !isEmptyScalar(whole)) continue;
    entries.set(section, {
      at: place.at,
      ...whole,
      node: { kind: "mapping", entries: new Map([...inner, [key, own ?? place]]) },
    });
  }
  return entries === undefined ? node : { kind: "mapping", entries };
}

function isSame(one: Place, other: Place): boolean {
  const [a, b] = [one.node, other.node];
  return a.kind === "scalar" && b.kind === "scalar" && a.value === b.value;
}

function isEmptyScalar({ node }: Place): boolean {
  return node.kind === "scalar" && node.value === null;
}
