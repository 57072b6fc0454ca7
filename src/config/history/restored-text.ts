import { ConfigDocument } from "../../documents/text/document.ts";
import type { ConfigNode } from "../../documents/text/node.ts";
import { isSecretPlace, scalarsIn, type WrittenScalar } from "../written-secrets.ts";
import { redactedScalar, redactedText, SECRET_MARK } from "./redacted-text.ts";

type Path = WrittenScalar["path"];

/** A secret of an earlier configuration that cannot be put back. */
export interface MissingSecret {
  /** In the earlier text, from 1. */
  readonly line: number;
  /** "auth.corp.secret" */
  readonly place: string;
}

export type RestoredText =
  | { readonly text: string }
  | { readonly missing: readonly MissingSecret[] };

/**
 * An earlier configuration's text, which has marks in place of secrets, with the secrets that the present
 * one has at the same places; or the places where it has none, or none of which it is certain that they
 * belong there.
 */
export function restoredText(stored: string, present: string): RestoredText {
  // Nothing has changed but secrets, if anything. Those in comments have no place to be found at.
  if (redactedText("present", present) === stored) return { text: present };
  const [old, now] = ["stored", "present"].map((name, index) =>
    ConfigDocument.parse(name, index === 0 ? stored : present),
  ) as [ConfigDocument, ConfigDocument];
  if (old.root === undefined) return { text: stored };
  const marked = new Map(
    scalarsIn(old.root.node)
      .filter(({ node }) => node.written.includes(SECRET_MARK))
      .map((scalar) => [scalar.node, scalar]),
  );
  const missing: MissingSecret[] = [];
  let text = "";
  let at = 0;
  const source = old.source.text;
  const inOrder = [...marked.values()].toSorted(
    (one, other) => one.node.span.start - other.node.span.start,
  );
  for (const { path, node } of inOrder) {
    const { start, end } = node.span;
    const written = secretAt(path, node.written, old, now);
    if (written === undefined) {
      missing.push({ line: old.source.lineNumber(start), place: path.join(".") });
      continue;
    }
    text += source.slice(at, start) + written;
    at = end;
  }
  return missing.length > 0 ? { missing } : { text: text + source.slice(at) };
}

/** The present source of the scalar at a path, if it is the same one but for its secret. */
function secretAt(
  path: Path,
  redacted: string,
  old: ConfigDocument,
  now: ConfigDocument,
): string | undefined {
  const node = nodeAt(now.root?.node, path);
  if (node?.kind !== "scalar" || redactedScalar(node.written) !== redacted) return undefined;
  if (!isSameItem(path, old, now)) return undefined;
  const source = now.source.text.slice(node.span.start, node.span.end);
  // A text of several lines has an indentation of its own.
  return source.includes("\n") ? JSON.stringify(node.written) : source;
}

/** Items of lists move: the one around a secret must be the same, or the list as long as it was. */
function isSameItem(path: Path, old: ConfigDocument, now: ConfigDocument): boolean {
  const index = path.findLastIndex((step) => typeof step === "number");
  if (index === -1) return true;
  const item = path.slice(0, index + 1);
  const [before, after] = [nodeAt(old.root?.node, item), nodeAt(now.root?.node, item)];
  if (before?.kind === "scalar") {
    const lists = [old, now].map(({ root }) => nodeAt(root?.node, path.slice(0, index)));
    const [one, other] = lists.map((list) => (list?.kind === "list" ? list.items.length : -1));
    return one === other;
  }
  return Bun.deepEquals(unmarked(before, item), unmarked(after, item));
}

/** What a node says besides its secrets. */
function unmarked(node: ConfigNode | undefined, path: Path): unknown {
  if (node === undefined) return undefined;
  if (node.kind === "scalar") {
    return isSecretPlace(path, node.written) ? redactedScalar(node.written) : node.written;
  }
  return node.kind === "list"
    ? node.items.map((item, index) => unmarked(item.node, [...path, index]))
    : [...node.entries].map(([key, entry]) => [key, unmarked(entry.node, [...path, key])]);
}

function nodeAt(from: ConfigNode | undefined, path: Path): ConfigNode | undefined {
  let node = from;
  for (const step of path) {
    if (node?.kind === "mapping") node = node.entries.get(String(step))?.node;
    else if (node?.kind === "list") node = node.items[Number(step)]?.node;
    else return undefined;
  }
  return node;
}
