import type { TSchema } from "@sinclair/typebox";
import type { MappingNode, Place } from "../text/node.ts";

/** The option `aliases` of a mapping's schema: other names for its keys, or for keys one level down. */
export type Aliases = Readonly<
  Record<string, readonly [key: string] | readonly [section: string, key: string]>
>;

export function aliasesOf(schema: TSchema): Aliases | undefined {
  return schema["aliases"] as Aliases | undefined;
}

/**
 * The mapping with aliases replaced by the keys they stand for; values keep their places. Reports a
 * setting that is given under both names with different values.
 */
export function withoutAliases(
  node: MappingNode,
  aliases: Aliases,
  report: (alias: Place, message: string) => void,
): MappingNode {
  let entries: Map<string, Place> | undefined;
  for (const [alias, meant] of Object.entries(aliases)) {
    const place = node.entries.get(alias);
    if (place === undefined) continue;
    entries ??= new Map(node.entries);
    entries.delete(alias);
    const [section, key] = meant;
    if (key === undefined) {
      const own = entries.get(section);
      if (own === undefined) entries.set(section, place);
      else if (!isSame(own, place)) reportBoth(place, alias, meant, report);
      continue;
    }
    const whole = entries.get(section);
    const inner = whole?.node.kind === "mapping" ? whole.node.entries : new Map<string, Place>();
    const own = inner.get(key);
    if (own !== undefined && !isSame(own, place)) {
      reportBoth(place, alias, meant, report);
    }
    // A section that is not a mapping is reported when it is read.
    if (whole !== undefined && whole.node.kind !== "mapping" && !isEmptyScalar(whole)) continue;
    entries.set(section, {
      at: place.at,
      ...whole,
      node: { kind: "mapping", entries: new Map([...inner, [key, own ?? place]]) },
    });
  }
  return entries === undefined ? node : { kind: "mapping", entries };
}

function reportBoth(
  place: Place,
  alias: string,
  meant: readonly string[],
  report: (alias: Place, message: string) => void,
): void {
  const message = `\`${alias}\` is an older name of \`${meant.join(".")}\`; keep one of the two`;
  report(place, message);
}

function isSame(one: Place, other: Place): boolean {
  const [a, b] = [one.node, other.node];
  return a.kind === "scalar" && b.kind === "scalar" && a.value === b.value;
}

function isEmptyScalar({ node }: Place): boolean {
  return node.kind === "scalar" && node.value === null;
}
