import { isValidHost, withoutEmptyPort } from "./host.ts";
import { decodeSlashes, encodeByte, normalizePath } from "./path.ts";

/** Where a request is going. */
export interface RequestTarget {
  /**
   * The authority of an absolute-form target, otherwise the Host field; without the ":" of an empty port.
   * Visible ASCII if the request is not refused, otherwise printable ASCII. Empty only for an HTTP/1.0
   * request without Host.
   */
  readonly host: string;
  /**
   * Normalized, both matched and sent; begins with "/". "*" for OPTIONS of the whole gateway, and
   * host:port for CONNECT. Always visible ASCII.
   */
  readonly path: string;
  /** Empty, or "?" and what followed it, byte for byte as it was sent; see `visible`. */
  readonly query: string;
  /** The path with encoded slashes and backslashes as slashes; absent if it has none. */
  readonly decodedPath?: string;
  /** The path as it was sent; absent if that is `path`. */
  readonly writtenPath?: string;
  /** Why the request is refused; absent if it is not. */
  readonly refusal?: TargetRefusal;
}

export interface TargetRefusal {
  readonly part: "host" | "path";
  /** For the client. */
  readonly problem: string;
}

/**
 * Reads a request target as it was sent, each character one byte, in the four forms of RFC 9112
 * section 3.2; the host is the Host field, null without one.
 */
export function targetOf(method: string, target: string, host: string | null): RequestTarget {
  const isHost = host === null || isValidHost(host);
  if (!isHost) return refused(target, host, "host", NOT_A_HOST);
  const asked = host === null ? "" : withoutEmptyPort(host);
  if (target.charCodeAt(0) === SLASH) return withPath(target, target, asked);
  if (method === "CONNECT") return connecting(target, asked);
  if (target === "*") {
    return method === "OPTIONS"
      ? { host: asked, path: "*", query: "" }
      : refused(target, asked, "path", `the request target "*" is for OPTIONS only`);
  }
  return inAbsoluteForm(method, target, asked);
}

/** The same target with another path, its encoded slashes decoded. */
export function decodedTarget({ host, query }: RequestTarget, path: string): RequestTarget {
  return { host, path, query };
}

/** Bytes that are not visible ASCII percent-encoded: for logs, rows and terminals. */
export function visible(bytes: string): string {
  return NOT_VISIBLE.test(bytes) ? bytes.replace(NOT_VISIBLES, encodeByte) : bytes;
}

const SLASH = 0x2f;
const NOT_VISIBLE = /[^!-~]/;
const NOT_VISIBLES = /[^!-~]/g;
const NOT_A_HOST = "the Host field is not one host name or address with an optional port";
/** What no request target may contain, and could end its line for a backend. */
const FORBIDDEN = /[\0-\x20\x7F#]/;
/** A scheme and an authority. */
const ABSOLUTE = /^(https?):\/\/([^/?#]*)/i;

/** A slice keeps the whole text in memory: a row that waits would keep a query that it has cut. */
const LONGEST_KEPT_WHOLE = 1_024;

function beginning(bytes: string, end: number): string {
  const part = bytes.slice(0, end);
  return bytes.length <= LONGEST_KEPT_WHOLE ? part : Buffer.from(part, "latin1").toString("latin1");
}

/** `rest` is the part of the target that begins with the path. */
function withPath(target: string, rest: string, host: string): RequestTarget {
  const question = rest.indexOf("?");
  const written = question === -1 ? rest : beginning(rest, question);
  const query = question === -1 ? "" : rest.slice(question);
  const path = normalizePath(written);
  // A path that is its own normal path has no such byte.
  if ((path !== written || query !== "") && FORBIDDEN.test(rest)) {
    return refused(target, host, "path", forbidden(rest));
  }
  if (path === written) return plain(host, path, query);
  if (typeof path !== "string") return refused(target, host, "path", path.problem);
  const decodedPath = decodeSlashes(path);
  return {
    host,
    path,
    query,
    ...(decodedPath !== undefined && { decodedPath }),
    writtenPath: written,
  };
}

function plain(host: string, path: string, query: string): RequestTarget {
  const decodedPath = decodeSlashes(path);
  return decodedPath === undefined ? { host, path, query } : { host, path, query, decodedPath };
}

function forbidden(rest: string): string {
  return rest.includes("#")
    ? 'the request target contains a "#"'
    : "the request target contains a control character or a blank";
}

function connecting(target: string, host: string): RequestTarget {
  return { host, path: visible(target), query: "" };
}

/** Its authority replaces the Host field (RFC 9112 section 3.2.2). */
function inAbsoluteForm(method: string, target: string, host: string): RequestTarget {
  const [origin, , authority = ""] = ABSOLUTE.exec(target) ?? [];
  if (origin === undefined) return refused(target, host, "path", NO_FORM);
  if (authority.includes("@")) return refused(target, host, "host", USER_INFORMATION);
  if (!isValidHost(authority)) return refused(target, host, "host", NOT_AN_AUTHORITY);
  const asked = withoutEmptyPort(authority);
  const rest = target.slice(origin.length);
  // RFC 9112 section 3.2.4.
  if (rest === "" && method === "OPTIONS") return { host: asked, path: "*", query: "" };
  return withPath(target, rest.startsWith("/") ? rest : `/${rest}`, asked);
}

const NO_FORM =
  'the request target is neither a path that begins with "/" nor an http or https URL';
const USER_INFORMATION = "the request target contains a user name or a password";
const NOT_AN_AUTHORITY =
  "the request target does not name one host or address with an optional port";

function refused(
  target: string,
  host: string | null,
  part: TargetRefusal["part"],
  problem: string,
): RequestTarget {
  const rest = target.replace(ABSOLUTE, "");
  const question = rest.indexOf("?");
  return {
    host: (host ?? "").replace(NOT_PRINTABLE, encodeByte),
    path: visible(question === -1 ? rest : rest.slice(0, question)),
    query: question === -1 ? "" : visible(rest.slice(question)),
    refusal: { part, problem },
  };
}

const NOT_PRINTABLE = /[^ -~]/g;
