import { hasDotSegment } from "../http/path.ts";
import { isValidHost } from "../http/host.ts";
import { GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { type ParsedText, parsePlaceholders, type Placeholder, Template } from "./placeholders.ts";
import { TextProblem } from "./section.ts";
import { inHost, inPath, inQuery } from "./text-places.ts";

type Parts = ParsedText["parts"];

/** A path made of a text with placeholders, which begins with "/". */
export class PathTemplate {
  readonly #path: Template;
  /** The segments before the last that consist of placeholders alone. */
  readonly #segments: readonly Template[];

  constructor(parts: Parts) {
    this.#path = new Template({ parts }, inPath);
    this.#segments = this.#path.constant === undefined ? bareSegments(parts) : [];
  }

  /** Percent-encoded, and not normalized yet. Throws a GatewayError if a segment has no value. */
  text(exchange: Exchange): string {
    const path = this.#path.text(exchange);
    // The segments after it would be taken for it, and they may be the client's.
    if (path.includes("//") && this.#segments.some((segment) => segment.text(exchange) === "")) {
      throw new GatewayError(
        "invalid_path",
        "after rewriting, a segment of the path is empty: the request lacks what it is made of",
      );
    }
    return path;
  }
}

/** A query made of a text with placeholders that begins with "?". */
export class QueryTemplate {
  readonly #query: Template;
  readonly #hasWholeQuery: boolean;

  constructor(parts: Parts) {
    this.#query = new Template({ parts }, inQuery);
    this.#hasWholeQuery = parts.some((part) => isPlaceholder(part, "request.query"));
  }

  /** Empty, or "?" and what follows it. */
  text(exchange: Exchange): string {
    const query = this.#query.text(exchange);
    if (query === "?") return "";
    if (!this.#hasWholeQuery || exchange.target.query.length > 1) return query;
    const tidy = query.replace(/&+(?=&|$)/g, "").replace("?&", "?");
    return tidy === "?" ? "" : tidy;
  }
}

/** A host with an optional port, made of a text with placeholders. */
export class HostTemplate {
  readonly #host: Template;

  constructor(parts: Parts) {
    this.#host = new Template({ parts: parts.map(withoutDoublePort) }, inHost);
  }

  /** Throws a GatewayError if it is none. */
  text(exchange: Exchange): string {
    // One without placeholders has been checked with the configuration.
    if (this.#host.constant !== undefined) return this.#host.constant;
    const host = this.#host.text(exchange);
    if (!isHost(host)) {
      const shown = host === "" ? "empty" : `not valid: ${JSON.stringify(host)}`;
      throw new GatewayError(
        "invalid_host",
        `the host that this route makes of the request is ${shown}`,
      );
    }
    return host;
  }
}

/** Whether it is a host whose labels are not empty, except after a dot at its end. */
export function isHost(host: string): boolean {
  return isValidHost(host) && !/^[.:]|\.\./.test(host);
}

/** The client's host comes without its port where another one follows. */
function withoutDoublePort(part: string | Placeholder, index: number, parts: Parts) {
  const next = parts[index + 1];
  return isPlaceholder(part, "request.host") && typeof next === "string" && next.startsWith(":")
    ? ({ ...part, source: "request.hostname" } as const)
    : part;
}

export function isPlaceholder(
  part: string | Placeholder | undefined,
  source: Placeholder["source"],
): part is Placeholder {
  return typeof part === "object" && part.source === source;
}

function bareSegments(parts: Parts): Template[] {
  const segments: (string | Placeholder)[][] = [[]];
  for (const part of parts) {
    if (typeof part !== "string") {
      segments.at(-1)?.push(part);
      continue;
    }
    const [first = "", ...others] = part.split("/");
    if (first !== "") segments.at(-1)?.push(first);
    for (const text of others) segments.push(text === "" ? [] : [text]);
  }
  return segments
    .slice(0, -1)
    .filter((segment) => segment.length > 0 && segment.every((part) => typeof part !== "string"))
    .map((segment) => new Template({ parts: segment }, inPath));
}

/** Stands for a character of a placeholder where only the literal text matters. */
export const MASK = "\uE000";

/** The text with its placeholders masked; everything keeps its offset. */
export function masked({ text, parts }: ParsedText): string {
  let result = "";
  for (const part of parts) {
    if (typeof part === "string") continue;
    result += text.slice(result.length, part.offset);
    const end = text.indexOf("}", part.offset) + 1;
    result += MASK.repeat(end - part.offset);
  }
  return result + text.slice(result.length);
}

/** The parts of a slice of a text, which begins and ends outside of placeholders. */
export function partsWithin({ text }: ParsedText, start: number, end: number): Parts {
  const slice = parsePlaceholders(text.slice(start, end));
  return slice instanceof TextProblem ? [] : slice.parts;
}

/**
 * What is wrong with the literal text of a path and what follows it, between two offsets; undefined if
 * nothing. `pathEnd`: where the path ends.
 */
export function pathProblem(
  parsed: ParsedText,
  start: number,
  pathEnd: number,
): TextProblem | undefined {
  const text = masked(parsed);
  const path = text.slice(start, pathEnd);
  const at = (offset: number, message: string) => new TextProblem(message, start + offset);
  const wrong = WRONG_IN_URL.exec(text.slice(start));
  if (wrong !== null) return at(wrong.index, wrongCharacter(wrong[0]));
  const [slashes] = /\/\//g.exec(path) ?? [];
  if (slashes !== undefined)
    return at(path.indexOf(slashes), 'a path has a single "/" between segments');
  const whole = parsed.parts.find(
    (part) =>
      isPlaceholder(part, "request.path") && part.offset > start && text[part.offset - 1] === "/",
  );
  if (typeof whole === "object") {
    return new TextProblem(
      "`{request.path}` begins with a slash itself; leave out the one before it",
      whole.offset - 1,
    );
  }
  if (hasDotSegment(path)) return at(0, 'a path cannot have a "." or ".." segment; leave it out');
  return undefined;
}

// oxlint-disable-next-line no-control-regex -- they are among what is wrong
const WRONG_IN_URL = /[\0-\x20\x7F-\xA0\\]|%(?![0-9A-Fa-f]{2})/;

function wrongCharacter(character: string): string {
  if (character === "%")
    return 'a "%" must be followed by two hexadecimal digits; by itself it is `%25`';
  if (character === "\\") return 'segments are separated by "/"; a backslash of a name is `%5C`';
  return character === " "
    ? "a URL has no blanks; one within a name is `%20`"
    : "a URL has no control characters";
}
