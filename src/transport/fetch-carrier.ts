import type { Fetch } from "../http/fetch.ts";
import { type Field, fieldOf } from "../http/field.ts";
import { FieldList } from "../http/field-list.ts";
import { contentLength, findField, removedFields } from "../http/fields.ts";
import { isReader } from "../pipeline/answer.ts";
import { GatewayError } from "../pipeline/errors.ts";
import { type Flow, IncomingContent } from "../pipeline/incoming-content.ts";
import { streamOf } from "../pipeline/web-stream.ts";
import { AttemptError } from "./attempt-error.ts";
import type { Attempt, BackendRequest, Carrier } from "./attempt.ts";
import type { BackendCarrier } from "./backend-carrier.ts";

/** Requests of all backends that are carried by fetch; the runtime keeps more of them waiting. */
export class FetchBudget {
  inFlight = 0;
}

const MOST_IN_FLIGHT = 256;
/** Any other method would silently become GET. */
const METHODS: ReadonlySet<string> = new Set(
  (
    "GET HEAD POST PUT PATCH DELETE OPTIONS QUERY " +
    "PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT " +
    "PURGE LINK UNLINK MKCALENDAR ACL BIND REBIND MERGE CHECKOUT SUBSCRIBE NOTIFY M-SEARCH"
  ).split(" "),
);

/** Carries requests to HTTP/3 backends, which only the runtime's fetch speaks to. */
export class FetchCarrier implements BackendCarrier {
  readonly connections = 0;
  readonly #fetch: Fetch;
  readonly #budget: FetchBudget;

  constructor(budget: FetchBudget, fetcher: Fetch = fetch) {
    this.#budget = budget;
    this.#fetch = fetcher;
  }

  carry(attempt: Attempt): void {
    const problem = refusalOf(attempt.request) ?? this.#overload();
    if (problem === undefined) void this.#carry(attempt);
    else attempt.fail(problem);
  }

  // The runtime closes its connections by itself.
  // oxlint-disable-next-line class-methods-use-this
  closeIdle(): void {}

  // oxlint-disable-next-line class-methods-use-this
  cut(): void {}

  #overload(): GatewayError | undefined {
    if (this.#budget.inFlight < MOST_IN_FLIGHT) return undefined;
    return new GatewayError("overloaded", "too many requests in flight by HTTP/3", {
      fields: { "retry-after": "1" },
    });
  }

  /** Never rejects. */
  async #carry(attempt: Attempt): Promise<void> {
    const fetched = new Fetched();
    attempt.carrier = fetched;
    attempt.reached = "maybe";
    if (isReader(attempt.request.body)) attempt.isStreamTouched = true;
    this.#budget.inFlight += 1;
    try {
      const { to, target } = attempt.request;
      const { signal } = fetched.controller;
      const response = await this.#fetch(to.origin + target, optionsOf(attempt.request, signal));
      await fetched.answer(attempt, response);
    } catch (error) {
      attempt.fail(meaningOf(error, attempt));
    } finally {
      this.#budget.inFlight -= 1;
    }
  }
}

/** One request that fetch carries, and its answer. */
class Fetched implements Carrier, Flow {
  readonly controller = new AbortController();
  #content: IncomingContent | undefined;
  #isPaused = false;
  #onResumed: (() => void) | undefined;

  drop(_: Attempt, reason: GatewayError): void {
    this.#content?.fail(reason);
    this.abandon();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#onResumed?.();
    this.#onResumed = undefined;
  }

  abandon(): void {
    this.controller.abort();
    this.resume();
  }

  /** Hands the answer over, and resolves when its content has ended. */
  async answer(attempt: Attempt, response: Response): Promise<void> {
    const { status, statusText, headers, body } = response;
    const fields = fieldsOf(headers);
    const isWithoutContent = attempt.request.method === "HEAD" || body === null;
    const length = contentLength(headers.get("content-length"));
    const content = isWithoutContent ? undefined : new IncomingContent(length, this);
    this.#content = content;
    attempt.succeed({ status, statusText, fields, content, channel: undefined, upgrade: null });
    if (content === undefined || body === null) return;
    try {
      const reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read"> = body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        content.push(value);
        if (this.#isPaused) await this.#untilResumed();
      }
      content.finish();
    } catch (cause) {
      const detail = "the backend broke off its answer";
      content.fail(new GatewayError("backend_answer_incomplete", detail, { cause }));
    }
  }

  #untilResumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onResumed = resolve;
    });
  }
}

function refusalOf({ method, target, body }: BackendRequest): GatewayError | undefined {
  if (!METHODS.has(method)) {
    const detail = `${method} requests cannot be sent by HTTP/3`;
    return new GatewayError("method_not_proxied", detail);
  }
  if ((method === "GET" || method === "HEAD") && body !== null) {
    const detail = `a ${method} request with content cannot be sent by HTTP/3`;
    return new GatewayError("bad_request", detail);
  }
  return target.startsWith("//")
    ? new GatewayError("invalid_path", "a path that begins with // cannot be sent by HTTP/3")
    : undefined;
}

function optionsOf(
  { to, method, fields, body }: BackendRequest,
  signal: AbortSignal,
): BunFetchRequestInit {
  const headers = new Headers();
  for (let at = 0; at < fields.length; at += 2) {
    headers.append(fields[at] ?? "", fields[at + 1] ?? "");
  }
  // Otherwise the runtime names itself.
  if (findField(fields, "user-agent") === -1) headers.set("user-agent", "");
  return {
    method,
    headers,
    signal,
    body: isReader(body) ? streamOf(body) : body,
    redirect: "manual",
    decompress: false,
    // The environment's proxy must not count.
    proxy: NO_PROXY,
    protocol: "http3",
    // Of the TLS settings the runtime takes only this one with HTTP/3.
    ...(to.tls?.rejectUnauthorized === false && { tls: { rejectUnauthorized: false } }),
  };
}

/** Not among the documented values. */
const NO_PROXY = false as unknown as string;

function fieldsOf(headers: Headers): FieldList {
  const list: Field[] = [];
  for (const [name, value] of headers) {
    if (!removedFields.has(name)) list.push(fieldOf(name, value));
  }
  return new FieldList(list);
}

function meaningOf(error: unknown, attempt: Attempt): Error {
  if (error instanceof GatewayError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "HTTP3HandshakeFailed") {
    const detail = "the TLS handshake with the backend failed, or its certificate is not trusted";
    return new AttemptError("backend_tls_failed", detail, "nothing", error);
  }
  const detail = "the backend cannot be reached by HTTP/3, or closed the connection";
  return new AttemptError("backend_unreachable", detail, attempt.reached, error);
}
