import type { ConfigDocument } from "../documents/text/document.ts";
import type { Place } from "../documents/text/node.ts";

type Path = readonly (string | number)[];

/** Where in a file something is written. */
export interface WrittenAt {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Whether it stands below `defaults`. */
  readonly isDefault: boolean;
}

/** Where the value at a path of keys and indexes is written; undefined if it is not. */
export function writtenAt(document: ConfigDocument, path: Path): WrittenAt | undefined {
  const place = placeAt(document, path);
  if (place === undefined) return undefined;
  const { file, line, column } = document.diagnose(path, "", { at: "key" });
  const common = placeAt(document, ["defaults", path.at(-1) ?? ""]);
  // Routes without a key of their own have the very place of the default.
  return { file, line, column, isDefault: path[0] !== "defaults" && place === common };
}

function placeAt({ root }: ConfigDocument, path: Path): Place | undefined {
  let place = root;
  for (const step of path) {
    const node = place?.node;
    if (node?.kind === "mapping") place = node.entries.get(String(step));
    else place = node?.kind === "list" ? node.items[Number(step)] : undefined;
  }
  return place;
}
