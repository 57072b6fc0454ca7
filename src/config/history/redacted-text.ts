import { ConfigDocument } from "../../documents/text/document.ts";
import type { ScalarNode } from "../../documents/text/node.ts";
import {
  isSecretPlace,
  redactedComment,
  scalarsIn,
  SECRET_IN_QUERY,
  type WrittenScalar,
} from "../written-secrets.ts";

/** Stands where a secret stood. It is no secret that anybody could have. */
export const SECRET_MARK = "<secret>";

const REFERENCE = /(\$\{[^}]*\})/;
const FALLBACK = /^\$\{([A-Za-z_][A-Za-z0-9_]*):-[^}]+\}$/;
const PASSWORD_IN_URL = /^([a-z][a-z0-9+.-]*:\/\/[^/@:]*:)([^/?#]+)(@.*)$/is;
/** Shorter secrets would match parts of other words. */
const SHORTEST_ELSEWHERE = 8;

/** A scalar with a secret in it. */
export interface SecretScalar extends WrittenScalar {
  /** What it says without the secret. */
  readonly redacted: string;
}

/** The scalars of a configuration that have a secret, each at one of its paths, in the order of the text. */
export function secretScalars(document: ConfigDocument): SecretScalar[] {
  if (document.root === undefined) return [];
  const found = new Map<ScalarNode, SecretScalar>();
  for (const { path, node } of scalarsIn(document.root.node)) {
    if (found.has(node) || !isSecretPlace(path, node.written)) continue;
    const redacted = redactedScalar(node.written);
    if (redacted !== node.written) found.set(node, { path, node, redacted });
  }
  return [...found.values()].toSorted((one, other) => one.node.span.start - other.node.span.start);
}

/**
 * A configuration's text without the secrets that are written in it: those of its keys, those in its
 * comments as far as they look like it, and the same texts elsewhere. What comes from the environment and
 * from files is not in it anyway.
 */
export function redactedText(file: string, text: string): string {
  const document = ConfigDocument.parse(file, text);
  const scalars = secretScalars(document);
  const source = document.source.text;
  const hidden = new Set<string>();
  const changes = commentsIn(document).map(({ start, end }) => ({
    start,
    end,
    text: redactedComment(source.slice(start, end), () => SECRET_MARK),
  }));
  for (const { node, redacted } of scalars) {
    const { start, end } = node.span;
    changes.push({ start, end, text: inSource(source.slice(start, end), node.written, redacted) });
    for (const secret of secretsIn(node.written, redacted)) hidden.add(secret);
  }
  let redacted = "";
  let at = 0;
  for (const { start, end, text: changed } of changes.toSorted(
    (one, other) => one.start - other.start,
  )) {
    redacted += source.slice(at, start) + changed;
    at = end;
  }
  redacted += source.slice(at);
  for (const secret of hidden) redacted = redacted.replaceAll(secret, SECRET_MARK);
  return redacted;
}

const COMMENT = /(?<=^|[ \t])#.*/gm;

/** Where the comments are: `#` begins none in a scalar. */
function commentsIn({ root, source }: ConfigDocument): { start: number; end: number }[] {
  const spans = root === undefined ? [] : scalarsIn(root.node).map(({ node }) => node.span);
  spans.sort((one, other) => one.start - other.start);
  const found: { start: number; end: number }[] = [];
  let next = 0;
  COMMENT.lastIndex = 0;
  for (let match = COMMENT.exec(source.text); match; match = COMMENT.exec(source.text)) {
    const start = match.index;
    while ((spans[next]?.end ?? Infinity) <= start) next += 1;
    const around = spans[next];
    if (around !== undefined && around.start <= start) {
      // What follows the scalar may be one.
      COMMENT.lastIndex = Math.max(around.end, start + 1);
      continue;
    }
    found.push({ start, end: start + match[0].length });
  }
  return found;
}

/** What a scalar says, with the mark in place of what is written of its secret. */
export function redactedScalar(written: string): string {
  const inQuery = SECRET_IN_QUERY.exec(written);
  if (inQuery !== null) {
    const [all, before = "", secret = ""] = inQuery;
    const after = written.slice(all.length);
    return withoutPassword(before) + withoutLiterals(secret) + after;
  }
  return PASSWORD_IN_URL.test(written) ? withoutPassword(written) : withoutLiterals(written);
}

function withoutPassword(url: string): string {
  const [, before = url, password = "", after = ""] = PASSWORD_IN_URL.exec(url) ?? [];
  return before + withoutLiterals(password) + after;
}

/** References to variables and files stay; their defaults and everything else do not. */
function withoutLiterals(text: string): string {
  return text
    .split(REFERENCE)
    .map((part) => {
      if (part === "") return "";
      const name = FALLBACK.exec(part)?.[1];
      if (name !== undefined) return `\${${name}:-${SECRET_MARK}}`;
      return REFERENCE.test(part) ? part : SECRET_MARK;
    })
    .join("");
}

/** The same in the source of a scalar, which may have quotes, escapes, and several lines. */
function inSource(source: string, written: string, redacted: string): string {
  if (source.includes(written)) return source.replace(written, () => redacted);
  return onLinesOf(source, redacted);
}

/** A text in quotes that takes as many lines as a scalar's source of several does. */
function onLinesOf(source: string, text: string): string {
  const quoted = JSON.stringify(text);
  const breaks = source.split("\n").length - 1;
  if (breaks === 0 || source.endsWith("\n")) return quoted + "\n".repeat(breaks);
  // Within a line something may follow: the lines go on inside of the quotes.
  const indentation = /[ \t]*(?=[^\n]*$)/.exec(source)?.[0] ?? "";
  return `${quoted.slice(0, -1)}${`\\\n${indentation}`.repeat(breaks)}"`;
}

/** The texts of the secrets that a scalar had. */
function secretsIn(written: string, redacted: string): string[] {
  const [before = "", ...rest] = redacted.split(SECRET_MARK);
  const after = rest.at(-1) ?? "";
  const secret = written.slice(before.length, written.length - after.length);
  return secret.length >= SHORTEST_ELSEWHERE && !secret.includes("${") ? [secret] : [];
}
