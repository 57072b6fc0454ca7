import { encodeByte } from "../../http/path.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { normalizeMadePath } from "../../pipeline/made-path.ts";
import { type ParsedText, type Placeholder, Template } from "../../pipeline/placeholders.ts";
import { TextProblem } from "../../pipeline/section.ts";
import { inQuery } from "../../pipeline/text-places.ts";
import {
  HostTemplate,
  isHost,
  isPlaceholder,
  MASK,
  masked,
  partsWithin,
  pathProblem,
  PathTemplate,
  QueryTemplate,
} from "../../pipeline/url-templates.ts";

/** Where the parts of a redirect's target begin in its text. Those that are absent are empty. */
interface Layout {
  /** Undefined for a target without a host. */
  readonly scheme: "http" | "https" | "client" | undefined;
  readonly host: number;
  readonly path: number;
  readonly query: number;
  readonly fragment: number;
}

/** The target of a redirect: a URL, or a path on the same host. */
export class RedirectTarget {
  readonly #scheme: Layout["scheme"];
  readonly #host: HostTemplate;
  readonly #path: PathTemplate;
  /** Undefined if the client's query stays. */
  readonly #query: QueryTemplate | undefined;
  readonly #fragment: Template;

  /** The text must be without a problem. */
  constructor(parsed: ParsedText) {
    const { scheme, host, path, query, fragment } = layoutOf(parsed);
    const { length } = parsed.text;
    this.#scheme = scheme;
    this.#host = new HostTemplate(partsWithin(parsed, host, path));
    this.#path = new PathTemplate(partsWithin(parsed, path, query));
    this.#query =
      query === fragment ? undefined : new QueryTemplate(partsWithin(parsed, query, fragment));
    this.#fragment = new Template({ parts: partsWithin(parsed, fragment + 1, length) }, inQuery);
  }

  /**
   * A valid value of Location (RFC 9110 section 10.2.2). Throws a GatewayError if the client's values do
   * not make one, and if a request for it would be redirected again and again. `becomesGet`: whether a
   * client asks for it by GET, whatever the request's method is.
   */
  location(exchange: Exchange, becomesGet = false): string {
    const { target, client, method } = exchange;
    const isAnother = becomesGet && method !== "GET" && method !== "HEAD";
    const path = normalizeMadePath(this.#path.text(exchange) || "/");
    const query = asUri(this.#query?.text(exchange) ?? target.query);
    const scheme = this.#scheme === "client" ? client.protocol : this.#scheme;
    const host = scheme === undefined ? "" : withoutPortOf(scheme, this.#host.text(exchange));
    const isHere =
      scheme === undefined ||
      (scheme === client.protocol &&
        host.toLowerCase() === withoutPortOf(scheme, target.host).toLowerCase());
    if (isHere && !isAnother && path === target.path && query === asUri(target.query)) {
      throw new GatewayError("loop_detected", "this route redirects the request to itself");
    }
    const fragment = this.#fragment.text(exchange);
    const origin = scheme === undefined ? "" : `${scheme}://${host}`;
    return `${origin}${path}${query}${fragment === "" ? "" : `#${asUri(fragment)}`}`;
  }
}

/** Why a text cannot be a redirect's target; undefined if it can. */
export function targetProblem(parsed: ParsedText): TextProblem | undefined {
  const { text } = parsed;
  const layout = layoutOf(parsed);
  if (layout.scheme === undefined) {
    const isPath = /^\/(?![/\\])/.test(text) || isPlaceholder(parsed.parts[0], "request.path");
    if (!isPath) return new TextProblem(withoutScheme(text), 0);
  } else {
    const problem = hostProblem(parsed, layout);
    if (problem !== undefined) return problem;
  }
  return pathProblem(parsed, layout.path, layout.query);
}

function layoutOf(parsed: ParsedText): Layout {
  const text = masked(parsed);
  const [start = "", written] = /^(?:(https?)|\uE000*):\/\//i.exec(text) ?? [];
  const isClients = isPlaceholder(parsed.parts[0], "request.scheme");
  const host = written !== undefined || isClients ? start.length : 0;
  const scheme = host === 0 ? undefined : written === undefined ? "client" : schemeOf(written);
  const after = (from: number, separators: RegExp) => {
    const found = text.slice(from).search(separators);
    return found === -1 ? text.length : from + found;
  };
  const fragment = after(host, /#/);
  const query = Math.min(after(host, /\?/), fragment);
  // {request.path} begins with the slash that ends the host.
  const whole = parsed.parts.find(
    (part) => isPlaceholder(part, "request.path") && part.offset >= host,
  );
  const path = Math.min(
    after(host, /\//),
    query,
    typeof whole === "object" ? whole.offset : text.length,
  );
  return { scheme, host, path: scheme === undefined ? 0 : path, query, fragment };
}

function schemeOf(written: string): "http" | "https" {
  return written.toLowerCase() === "https" ? "https" : "http";
}

function withoutScheme(text: string): string {
  if (/^\/[/\\]/.test(text)) {
    return "write `https:` or `{request.scheme}:` before the `//`";
  }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return "redirects lead to http and https URLs";
  const looksLikeHost =
    /^(?:[\w-]+\.)+[a-z]{2,}(?:[:/?#]|$)/i.test(text) || text.startsWith("{request.host");
  return looksLikeHost
    ? `a host is written after a scheme: write \`https://${text}\``
    : 'a redirect leads to a path that begins with "/", or to a URL that begins with https://, http:// or {request.scheme}://';
}

/** Placeholders that may end a host: who the client is does not decide them, or not by itself. */
const TRUSTED: ReadonlySet<Placeholder["source"]> = new Set<Placeholder["source"]>([
  "request.host",
  "request.hostname",
  "request.port",
  "auth.subject",
  "auth.provider",
  "auth.claims",
  "route",
]);

function hostProblem(parsed: ParsedText, { host, path }: Layout): TextProblem | undefined {
  const text = masked(parsed);
  const within = parsed.parts.filter(
    (part) => typeof part !== "string" && part.offset >= host && part.offset < path,
  );
  for (const part of within) {
    if (typeof part === "string" || TRUSTED.has(part.source)) continue;
    const end = parsed.text.indexOf("}", part.offset) + 1;
    // What follows keeps the host below a name that the operator has chosen.
    if (/^\uE000*\.[^.:]/.test(text.slice(end, path))) continue;
    return new TextProblem(ANY_HOST, part.offset);
  }
  const port = isPlaceholder(within.at(-1), "request.port") ? ":1" : ":x";
  const written = text
    .slice(host, path)
    .replace(/:\uE000+$/, port)
    .replaceAll(MASK, "x");
  if (isHost(written)) return undefined;
  return new TextProblem(
    written.includes("@")
      ? "a redirect cannot have a user name or a password"
      : "a host with an optional port must follow the scheme, like in https://example.com/",
    host,
  );
}

/** The port of the scheme need not be written (RFC 3986 section 6.2.3). */
function withoutPortOf(scheme: "http" | "https", host: string): string {
  return host.replace(scheme === "https" ? /:443$/ : /:80$/, "");
}

const ANY_HOST =
  "clients could be sent to any host by this: what a request says may only be the beginning of a host, like in `{path.tenant}.example.com`, and a path begins with a slash";

/** Percent-encodes what a URI cannot have in its query or fragment (RFC 3986 section 3.4). */
function asUri(bytes: string): string {
  return NOT_URI.test(bytes) ? bytes.replace(ALL_NOT_URI, encodeByte) : bytes;
}

const NOT_URI = /[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]|%(?![0-9A-Fa-f]{2})/;
const ALL_NOT_URI = new RegExp(NOT_URI, "g");
