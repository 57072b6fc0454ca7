import { isValidHost } from "./host.ts";
import { normalizePath } from "./path.ts";

/** Where a request is going. */
export interface RequestTarget {
  /**
   * The Host field as sent, except that bytes other than printable ASCII, which are refused, are
   * percent-encoded here; empty only for an HTTP/1.0 request without Host.
   */
  readonly host: string;
  /** Normalized, both matched and sent; begins with "/". */
  readonly path: string;
  /** Empty, or "?" and what followed it. */
  readonly query: string;
  /** Why the request is refused; absent if it is not. */
  readonly refusal?: TargetRefusal;
}

export interface TargetRefusal {
  readonly part: "host" | "path";
  /** For the client. */
  readonly problem: string;
}

/**
 * Reads host, path and query of a request as the runtime's listener presents it. Its URL is absolute if
 * the Host field could be part of one, and otherwise begins with the path.
 */
export function readTarget(written: string, host: string | null): RequestTarget {
  // The runtime encodes only valid URLs; the rest must not reach logs or terminals raw.
  const url = NOT_VISIBLE.test(written) ? written.replace(NOT_VISIBLE_RUN, encodeText) : written;
  const start = url.startsWith("/") ? 0 : url.indexOf("/", SHORTEST_ORIGIN);
  const question = url.indexOf("?", start);
  const rawPath = question === -1 ? url.slice(start) : url.slice(start, question);
  const query = question === -1 ? "" : url.slice(question);
  // Only HTTP/1.0 may omit Host; the listener refuses HTTP/1.1 without it.
  let refusal: TargetRefusal;
  if (host !== null && !isValidHost(host)) {
    refusal = {
      part: "host",
      problem: "the Host field is not one host name or address with an optional port",
    };
  } else if (start === 0 && host !== null) {
    refusal = { part: "host", problem: "the Host field is not a valid host name or address" };
  } else if (url.includes("#", start)) {
    refusal = { part: "path", problem: 'the request target contains a "#"' };
  } else {
    const path = normalizePath(rawPath);
    if (typeof path === "string") return { host: host ?? "", path, query };
    refusal = { part: "path", problem: path.problem };
  }
  return { host: encodeBytes(host ?? ""), path: rawPath, query, refusal };
}

const NOT_VISIBLE = /[^!-~]/;
const NOT_VISIBLE_RUN = /[^!-~]+/g;

function encodeText(text: string): string {
  return encodeURI(text.toWellFormed());
}

/** Each character of a field's value is one byte. */
function encodeBytes(value: string): string {
  return value.replace(/[^ -~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

const SHORTEST_ORIGIN = "http://".length;
