import { FieldList } from "../../../src/http/field-list.ts";
import { contentLength } from "../../../src/http/fields.ts";
import { contentFrom } from "../../support/client-request.ts";
import { removeHopByHopFields } from "../../support/hop-by-hop.ts";
import type { IncomingContent } from "../../../src/pipeline/incoming-content.ts";
import type { BackendAnswer } from "../../../src/transport/backend-answer.ts";
import type { BackendRequest, Transport } from "../../../src/transport/attempt.ts";

export interface Sent {
  readonly url: string;
  readonly request: BackendRequest;
  readonly headers: Headers;
  /** Aborts when the attempt is broken off. */
  readonly signal: AbortSignal;
  /** The backend may act on the request from now on. */
  arrived(): void;
}

/** A network in which `answer` says what becomes of each request. */
export function network(answer: (sent: Sent) => Response | Promise<Response>) {
  const sent: Sent[] = [];
  const transport: Transport = (attempt) => {
    const { request } = attempt;
    const ended = new AbortController();
    attempt.carrier = { drop: () => ended.abort() };
    const one = {
      url: request.to.origin + request.target,
      request,
      headers: headersOf(request.fields),
      signal: ended.signal,
      arrived() {
        attempt.reached = "maybe";
      },
    };
    sent.push(one);
    void (async () => answer(one))().then(
      async (response) => {
        const given = new GivenAnswer(response);
        // What is there arrives together with the header section.
        await turn();
        attempt.succeed(given);
      },
      (error: Error) => attempt.fail(error),
    );
  };
  return { transport, sent };
}

/** A Response in place of a backend's answer. */
export class GivenAnswer implements BackendAnswer {
  readonly fields = new FieldList();
  readonly channel = undefined;
  readonly upgrade = null;
  readonly content: IncomingContent | undefined;
  readonly #response: Response;

  constructor(response: Response) {
    this.#response = response;
    const { headers } = response;
    removeHopByHopFields(headers);
    for (const [name, value] of headers) this.fields.append(name, value);
    const length = contentLength(this.fields.get("content-length"));
    this.content = response.body === null ? undefined : contentFrom(response.body, length);
  }

  get status(): number {
    return this.#response.status;
  }

  get statusText(): string {
    return this.#response.statusText;
  }
}

/** Never answers. */
export function silence(): Promise<Response> {
  return new Promise(() => {});
}

/** An error as the runtime reports it: its message is not for clients. */
export function networkError(code: string): Error {
  return Object.assign(new TypeError(`secret 10.9.8.7 ${code}`), { code });
}

/** Lets everything that is ready to run do so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** What a promise rejects with. */
export async function rejection(promise: unknown): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("this was expected to fail");
}

/** A source that provides chunks one by one on demand of a test, and records how it was read. */
export function drip() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const state = { cancelled: undefined as unknown };
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel(reason) {
      state.cancelled = reason ?? "without a reason";
    },
  });
  return {
    stream,
    state,
    chunk: (size: number) => controller?.enqueue(new Uint8Array(size)),
    end: () => controller?.close(),
    break: (error: unknown) => controller?.error(error),
  };
}

/** Headers of fields in a list: names, each followed by its value; repeated names are kept. */
function headersOf(list: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at < list.length; at += 2) {
    headers.append(list[at] ?? "", list[at + 1] ?? "");
  }
  return headers;
}
