import { ConfigDocument } from "../../documents/text/document.ts";
import type { ScalarNode } from "../../documents/text/node.ts";
import { isSecretPlace, redactedLine, scalarsIn, type WrittenScalar } from "../written-secrets.ts";

/** Stands where a secret stood. It is no secret that anybody could have. */
export const SECRET_MARK = "<secret>";

const REFERENCE = /(\$\{[^}]*\})/;
const FALLBACK = /^\$\{([A-Za-z_][A-Za-z0-9_]*):-[^}]+\}$/;
const PASSWORD_IN_URL = /^([a-z][a-z0-9+.-]*:\/\/[^/@:]*:)([^/@]+)(@.*)$/is;
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
  let redacted = "";
  let at = 0;
  for (const { node, redacted: inPlace } of scalars) {
    const { start, end } = node.span;
    redacted += source.slice(at, start) + inSource(source.slice(start, end), node.written, inPlace);
    at = end;
    for (const secret of secretsIn(node.written, inPlace)) hidden.add(secret);
  }
  redacted += source.slice(at);
  for (const secret of hidden) redacted = redacted.replaceAll(secret, SECRET_MARK);
  return redacted
    .split("\n")
    .map((line) => (/^\s*#/.test(line) ? redactedLine(line, () => SECRET_MARK) : line))
    .join("\n");
}

/** What a scalar says, with the mark in place of what is written of its secret. */
export function redactedScalar(written: string): string {
  const url = PASSWORD_IN_URL.exec(written);
  if (url === null) return withoutLiterals(written);
  const [, before = "", password = "", after = ""] = url;
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
  return JSON.stringify(redacted);
}

/** The texts of the secrets that a scalar had. */
function secretsIn(written: string, redacted: string): string[] {
  const [before = "", ...rest] = redacted.split(SECRET_MARK);
  const after = rest.at(-1) ?? "";
  const secret = written.slice(before.length, written.length - after.length);
  return secret.length >= SHORTEST_ELSEWHERE && !secret.includes("${") ? [secret] : [];
}
