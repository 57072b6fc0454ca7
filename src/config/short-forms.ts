import type { ConfigNode, Place } from "../documents/text/node.ts";

/**
 * An upstream that is written as a URL or a list of backends, as the mapping that this is short for. Before
 * anything is read, as `defaults` are put into mappings.
 */
export function asUpstream(place: Place): Place {
  const { node } = place;
  return isBackends(node)
    ? { ...place, node: { kind: "mapping", entries: new Map([["backends", place]]) } }
    : place;
}

function isBackends(node: ConfigNode): boolean {
  if (node.kind === "list") return node.items.length > 0;
  return node.kind === "scalar" && typeof node.value === "string" && node.value !== "";
}
