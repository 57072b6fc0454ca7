import type { EncodedSlashes } from "../http/path.ts";
import type { Condition } from "./conditions/condition.ts";
import { translatePath } from "./foreign-paths.ts";

/** A route as far as routing goes. */
export interface RoutePattern {
  /** See `parsePattern`. */
  readonly path: string;
  /** The parsed path, if it has been parsed before. */
  readonly pattern?: Pattern;
  /** Its id, if the configuration has one. */
  readonly name?: string | undefined;
  /** The hosts it is for, see `parseHostPattern`; all if absent, none if empty. */
  readonly hosts?: readonly string[] | undefined;
  /** The methods it accepts, compared literally; all if absent, none if empty. */
  readonly methods?: readonly string[] | undefined;
  /** Further conditions, which a request must all meet. Absent if there are none; never empty. */
  readonly conditions?: readonly Condition[] | undefined;
  /** Decides what hosts, path, method and conditions leave open: the highest first. 0 if absent. */
  readonly priority?: number | undefined;
  /** What an encoded slash in a path is that it matches; as everywhere else if absent. */
  readonly encodedSlashes?: EncodedSlashes | undefined;
}

/** One segment of a pattern; `text` is how it is written. */
export type Segment =
  | { readonly kind: "static"; readonly text: string }
  | { readonly kind: "parameter"; readonly text: string; readonly name: string }
  | { readonly kind: "wildcard"; readonly text: string; readonly name: string | undefined };

/** A route's parsed path. */
export interface Pattern {
  readonly path: string;
  /** The segments after each "/": at least one, and only the last can be a wildcard. */
  readonly segments: readonly Segment[];
  /** The path without its names: patterns of one shape match the same paths. */
  readonly shape: string;
}

/** Why a route's path cannot be used. */
export interface PatternProblem {
  /** What is wrong and what to write instead. */
  readonly message: string;
  /** Where in the path the problem starts, in UTF-16 code units from 0. */
  readonly offset: number;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i;
// Characters that a URL parser encodes, resolves or cuts off before a request is matched.
const NEVER_IN_A_PATH = /[^!-~]|["#<>?\\^`{}]/u;

/**
 * Reads a route's path: literal segments, `:name` for one non-empty segment and, at the end, `*` or
 * `*name` for everything after the slash before it. It is compared with a request's path literally:
 * case, percent-encoding and a trailing slash count. A problem's message has the path that was
 * probably meant.
 */
export function parsePattern(path: string): Pattern | PatternProblem {
  const pattern = parse(path);
  if (!("message" in pattern)) return pattern;
  const meant = translatePath(path);
  return meant === undefined || "message" in parse(meant)
    ? pattern
    : { ...pattern, message: `${pattern.message}; write "${meant}"` };
}

function parse(path: string): Pattern | PatternProblem {
  const problem = findExpression(path) ?? findWrongStart(path) ?? findWrongCharacter(path);
  if (problem !== undefined) return problem;

  const texts = path.slice(1).split("/");
  const segments: Segment[] = [];
  const names = new Set<string>();
  let offset = 1;
  for (const [index, text] of texts.entries()) {
    const segment = parseSegment(text, index === texts.length - 1);
    if ("message" in segment) return { ...segment, offset: offset + segment.offset };
    if (segment.kind !== "static" && segment.name !== undefined) {
      if (names.has(segment.name)) {
        const message = `the name "${segment.name}" is used twice; each parameter needs its own`;
        return { message, offset };
      }
      names.add(segment.name);
    }
    segments.push(segment);
    offset += text.length + 1;
  }
  return { path, segments, shape: segments.map((segment) => `/${shapeOf(segment)}`).join("") };
}

/** The pattern of a route. Throws an Error for an invalid path. */
export function patternOf({ path, pattern: parsed }: RoutePattern): Pattern {
  const pattern = parsed ?? parsePattern(path);
  if ("message" in pattern) throw new Error(`route "${path}": ${pattern.message}`);
  return pattern;
}

/** Whether a pattern matches every path that another one matches. */
export function covers(general: Pattern, special: Pattern): boolean {
  for (const [index, segment] of general.segments.entries()) {
    const other = special.segments[index];
    if (other === undefined) return false;
    if (segment.kind === "wildcard") return true;
    if (other.kind === "wildcard" || other.text === "") {
      if (other.kind !== segment.kind || other.text !== segment.text) return false;
    } else if (segment.kind === "static" && segment.text !== other.text) return false;
  }
  return general.segments.length === special.segments.length;
}

/** No literal segment begins with ":" or "*", so the sign alone can stand for any name. */
function shapeOf(segment: Segment): string {
  return segment.kind === "static" ? segment.text : segment.text.slice(0, 1);
}

/** Signs of a regular expression: nginx's `~`, classes, groups with a quantifier or alternatives. */
const EXPRESSION = /^~\*?\s|\\[dDwWsS.]|\[[^\]]*\][+*]|\((?:\?|[^)]*[|[\\+*])/;

function findExpression(path: string): PatternProblem | undefined {
  const found = EXPRESSION.exec(path);
  if (found === null || /^~\*?\s+\^?\/[\w./-]*$/.test(path)) return undefined;
  const message =
    'paths are not matched by regular expressions; one segment is a parameter, like ":id", and everything below is "/*"';
  return { message, offset: found.index };
}

function findWrongStart(path: string): PatternProblem | undefined {
  if (!path.startsWith("/")) {
    const host = path.includes("://") ? ", without a scheme and a host" : "";
    return { message: `a path must begin with "/"${host}`, offset: 0 };
  }
  if (path.startsWith("//")) {
    const message = 'a path must begin with a single "/", as the paths of requests do';
    return { message, offset: 1 };
  }
  return undefined;
}

function findWrongCharacter(path: string): PatternProblem | undefined {
  const found = NEVER_IN_A_PATH.exec(path);
  if (found === null) return undefined;
  return { message: wrongCharacter(found[0]), offset: found.index };
}

function wrongCharacter(character: string): string {
  if (character === "?") return 'a path must not contain "?": the query is not part of routing';
  if (character === "#") return 'a path must not contain "#": fragments are never sent to a server';
  if (character === "\\") return 'a path must not contain a backslash: separate segments with "/"';
  if ("{}<>".includes(character)) {
    return `a parameter is written like ":id", and a literal "${character}" as "${encode(character)}"`;
  }
  if (/\s/u.test(character))
    return `a path must not contain white space, which is "${encode(character)}" in a request`;
  if (/\p{Cc}/u.test(character)) return "a path must not contain control characters";
  return `"${character}" is "${encode(character)}" in the path of a request`;
}

function encode(character: string): string {
  return encodeURIComponent(character.toWellFormed());
}

function parseSegment(text: string, isLast: boolean): Segment | PatternProblem {
  if (DOT_SEGMENT.test(text)) {
    return {
      message: `"${text}" is resolved before a request is matched; leave it out`,
      offset: 0,
    };
  }
  if (text.startsWith(":")) return parseParameter(text);
  const star = text.indexOf("*");
  if (star === -1) return { kind: "static", text };
  if (star > 0) {
    const message = "a wildcard must be a whole segment";
    return { message, offset: star };
  }
  if (!isLast) {
    return {
      message:
        '"*" matches everything below and must be the last segment; one segment is a parameter, like ":id"',
      offset: 0,
    };
  }
  return parseWildcard(text);
}

function parseParameter(text: string): Segment | PatternProblem {
  const name = text.slice(1);
  if (NAME.test(name)) return { kind: "parameter", text, name };
  if (name === "") return { message: 'a parameter needs a name, like ":id"', offset: 0 };
  return { message: wrongName("parameter", name), offset: 1 };
}

function parseWildcard(text: string): Segment | PatternProblem {
  const name = text.slice(1);
  if (name === "") return { kind: "wildcard", text, name: undefined };
  if (name.startsWith(".")) {
    const message = `a wildcard is everything below, so the ending "${name}" cannot be asked for; match the folder, like "/images/*"`;
    return { message, offset: 0 };
  }
  if (NAME.test(name)) return { kind: "wildcard", text, name };
  return { message: wrongName("wildcard", name), offset: 1 };
}

function wrongName(kind: string, name: string): string {
  return `"${name}" cannot be the name of a ${kind}: a name has letters, digits and "_", does not begin with a digit and is the rest of the segment`;
}
