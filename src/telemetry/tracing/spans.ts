import { hostName, hostPort } from "../../http/host.ts";
import { visible } from "../../http/target.ts";
import { errorKinds, GatewayError } from "../../pipeline/errors.ts";
import type { AttemptRecord, Exchange } from "../../pipeline/exchange.ts";
import type { Redaction } from "../../pipeline/redaction.ts";
import type { TraceContext } from "../../pipeline/trace.ts";
import { Memo } from "../../units/memo.ts";
import { cut } from "../cut.ts";
import { jsonText, nanoseconds, numberAttribute, textAttribute } from "../otlp/values.ts";

/** Spans as OTLP's JSON, separated by commas. */
export interface Spans {
  readonly text: string;
  readonly count: number;
}

/** Writes spans with the attributes of OpenTelemetry's semantic conventions for HTTP. */
export class SpanWriter {
  /** Backends are few, and each is asked often. */
  readonly #addresses = new Memo(addressOf, { most: 10_000, longestKey: 2_048 });

  /**
   * The spans of an exchange that is over: its own and one for each attempt. `ended` is monotonic, in
   * milliseconds.
   */
  spansOf(exchange: Exchange, trace: TraceContext, ended: number): Spans {
    const { attempts } = exchange;
    let text = serverSpan(exchange, trace, ended);
    for (const [at, attempt] of attempts.entries()) {
      const address = this.#addresses.of(attempt.backend);
      text += `,${clientSpan(exchange, trace, { attempt, at, ended, address })}`;
    }
    return { text, count: attempts.length + 1 };
  }
}

const SERVER = 2;
const CLIENT = 3;

/** Longer texts are cut, as in rows. */
const LONGEST_TEXT = 8_192;
const LONGEST_USER_AGENT = 1_024;
const LONGEST_MESSAGE = 2_048;

function serverSpan(exchange: Exchange, trace: TraceContext, ended: number): string {
  const { client, fields, redaction, request, route, startedAt, started, status, target } =
    exchange;
  const { method, original } = knownMethod(exchange.method);
  let attributes =
    textAttribute("http.request.method", method) +
    `,${textAttribute("url.scheme", client.protocol)}` +
    `,${textAttribute("url.path", cut(redaction.path(target.path), LONGEST_TEXT))}` +
    `,${textAttribute("client.address", client.address)}` +
    `,${textAttribute("network.protocol.version", request.protocol.slice("HTTP/".length))}`;
  const query = redaction.query(visible(target.query)).slice(1);
  if (query !== "") attributes += `,${textAttribute("url.query", cut(query, LONGEST_TEXT))}`;
  if (original !== "") attributes += `,${textAttribute("http.request.method_original", original)}`;
  if (target.host !== "" && target.refusal === undefined) {
    attributes += `,${serverAttributes(target.host, client.protocol)}`;
  }
  if (client.peer !== client.address) {
    attributes += `,${textAttribute("network.peer.address", client.peer)}`;
  }
  if (route !== "") attributes += `,${textAttribute("http.route", route)}`;
  const agent = redaction.userAgent(fields.userAgent);
  if (agent !== "") {
    attributes += `,${textAttribute("user_agent.original", cut(agent, LONGEST_USER_AGENT))}`;
  }
  // 499 is the gateway's own number for an answer that was never sent.
  if (status !== CLIENT_CLOSED) {
    attributes += `,${numberAttribute("http.response.status_code", status)}`;
  }
  attributes += `,${textAttribute("gateway.request_id", exchange.requestId)}`;
  const error = serverError(exchange);
  const code = exchange.errorCode;
  if (error !== "") attributes += `,${textAttribute("error.type", error)}`;
  if (code !== undefined && code !== error)
    attributes += `,${textAttribute("gateway.error_code", code)}`;
  const name = route === "" ? "" : ` ${route}`;
  return spanJson(trace, {
    spanId: trace.spanId,
    parentId: trace.parentId,
    name: (original === "" ? method : "HTTP") + name,
    kind: SERVER,
    start: startedAt,
    end: startedAt + ended - started,
    attributes,
    error: error === "" ? undefined : messageOf(exchange.errorDetail, exchange),
  });
}

const CLIENT_CLOSED = 499;

/**
 * What an exchange has failed with, by the gateway or a backend: what a client does wrong is no error of a
 * server's span. Empty for any other.
 */
function serverError({ status, errorCode }: Exchange): string {
  if (status >= 500) return errorCode ?? `${status}`;
  return errorCode !== undefined && errorKinds[errorCode].status >= 500 ? errorCode : "";
}

interface OneAttempt {
  readonly attempt: AttemptRecord;
  /** Its number, from 0. */
  readonly at: number;
  readonly ended: number;
  readonly address: BackendAddress;
}

function clientSpan(
  exchange: Exchange,
  trace: TraceContext,
  { attempt, at, ended, address }: OneAttempt,
): string {
  const { redaction, startedAt, started } = exchange;
  const { status, target = "" } = attempt;
  const { method, original } = knownMethod(exchange.outgoing.method);
  const { origin, server } = address;
  let attributes =
    textAttribute("http.request.method", method) +
    `,${textAttribute("url.full", cut(origin + redactedTarget(target, redaction), LONGEST_TEXT))}` +
    `,${server}`;
  if (original !== "") attributes += `,${textAttribute("http.request.method_original", original)}`;
  if (status > 0) attributes += `,${numberAttribute("http.response.status_code", status)}`;
  if (at > 0) attributes += `,${numberAttribute("http.request.resend_count", at)}`;
  const error = attemptError(attempt);
  if (error !== "") attributes += `,${textAttribute("error.type", error)}`;
  const { outcome, failure } = attempt;
  if (outcome !== "" && outcome !== "answered") {
    attributes += `,${textAttribute("gateway.attempt_outcome", outcome)}`;
  }
  const end = attempt.endedAt === 0 ? ended : attempt.endedAt;
  return spanJson(trace, {
    spanId: attempt.spanId ?? "",
    parentId: trace.spanId,
    name: original === "" ? method : "HTTP",
    kind: CLIENT,
    start: startedAt + attempt.startedAt - started,
    end: startedAt + end - started,
    attributes,
    error: error === "" ? undefined : messageOf(failure?.message ?? "", exchange),
  });
}

/** What an attempt failed with; empty for one that was answered well, or that was given up. */
function attemptError({ failure, outcome, status }: AttemptRecord): string {
  if (outcome === "outrun" || outcome === "cancelled") return "";
  if (failure !== undefined) return failure instanceof GatewayError ? failure.code : outcome;
  return status >= 400 ? `${status}` : "";
}

interface SpanParts {
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  /** Unix epoch milliseconds, with fractions. */
  readonly start: number;
  readonly end: number;
  readonly attributes: string;
  /** The description of an error, which may be empty; undefined without an error. */
  readonly error: string | undefined;
}

function spanJson({ traceId, state }: TraceContext, span: SpanParts): string {
  const { spanId, parentId, name, kind, start, end, attributes, error } = span;
  const parent = parentId === "" ? "" : `"parentSpanId":"${parentId}",`;
  const passed = state === "" ? "" : `"traceState":${jsonText(state)},`;
  const message = error === undefined || error === "" ? "" : `,"message":${jsonText(error)}`;
  const status = error === undefined ? "" : `,"status":{"code":2${message}}`;
  return `{"traceId":"${traceId}","spanId":"${spanId}",${parent}${passed}"name":${jsonText(name)},"kind":${kind},"startTimeUnixNano":"${nanoseconds(start)}","endTimeUnixNano":"${nanoseconds(Math.max(start, end))}","attributes":[${attributes}]${status}}`;
}

/** The methods that the conventions know; any other one could make names without number. */
const KNOWN_METHODS: ReadonlySet<string> = new Set(
  "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE".split(" "),
);

/** `original` is empty for a known method. */
function knownMethod(method: string): { readonly method: string; readonly original: string } {
  return KNOWN_METHODS.has(method)
    ? { method, original: "" }
    : { method: "_OTHER", original: cut(method, 64) };
}

function serverAttributes(host: string, scheme: string): string {
  const port = hostPort(host) ?? (scheme === "https" ? 443 : 80);
  return `${textAttribute("server.address", hostName(host))},${numberAttribute("server.port", port)}`;
}

function redactedTarget(target: string, redaction: Redaction): string {
  const at = target.indexOf("?");
  if (at === -1) return redaction.path(target);
  return redaction.path(target.slice(0, at)) + redaction.query(visible(target.slice(at)));
}

function messageOf(detail: string, { redaction, fields }: Exchange): string {
  return detail === "" ? "" : cut(redaction.message(detail, fields.all), LONGEST_MESSAGE);
}

interface BackendAddress {
  /** Scheme, host and port, without a user's name and password. */
  readonly origin: string;
  /** Attributes, as JSON. */
  readonly server: string;
}

function addressOf(backend: string): BackendAddress {
  if (/^unix:/i.test(backend)) {
    const path = backend.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
    return { origin: "http://localhost", server: textAttribute("server.address", path) };
  }
  const { origin, host, protocol } = new URL(backend);
  return { origin, server: serverAttributes(host, protocol.slice(0, -1)) };
}
