import { AnswerFields } from "../../../src/http/answer-fields.ts";
import { contentLength, headersOf, removeHopByHopFields } from "../../../src/http/fields.ts";
import type { BackendAnswer, ContentReader } from "../../../src/proxy/answer.ts";
import type { BackendRequest, Transport } from "../../../src/proxy/attempt.ts";

/** The runtime's fetch. Replaceable, so that tests can stand in for the network. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** Sends requests with the runtime's fetch, which knows TLS. */
export function fetchTransport(fetch: Fetch): Transport {
  return function send(attempt) {
    const { request } = attempt;
    fetch(request.origin + request.target, initOf(request)).then(
      (response) => attempt.succeed(new FetchedAnswer(response)),
      (error: Error) => attempt.fail(error),
    );
  };
}

function initOf({ method, fields, body, breakOff, tls }: BackendRequest): BunFetchRequestInit {
  const headers = headersOf(fields);
  // The runtime would fill in its own name; Accept, which it adds too, says what its absence says.
  if (!headers.has("user-agent")) headers.set("user-agent", "gateway");
  return {
    method,
    headers,
    body,
    signal: breakOff.signal,
    redirect: "manual",
    decompress: false,
    // Else HTTP_PROXY in the environment would take over even requests to this machine.
    proxy: NO_PROXY,
    ...(tls !== undefined && { tls }),
  };
}

// The types know only a URL here; false is what switches proxying off.
const NO_PROXY = false as unknown as string;

/** An answer as fetch gives it. */
export class FetchedAnswer implements BackendAnswer {
  readonly fields = new AnswerFields();
  readonly #response: Response;

  constructor(response: Response) {
    this.#response = response;
    const { headers } = response;
    removeHopByHopFields(headers);
    for (const [name, value] of headers) this.fields.list.push(name, value);
  }

  get status(): number {
    return this.#response.status;
  }

  get statusText(): string {
    return this.#response.statusText;
  }

  get contentLength(): number | undefined {
    return contentLength(this.fields.get("content-length"));
  }

  whole(): Uint8Array | Promise<Uint8Array> {
    return this.#response.bytes();
  }

  reader(): ContentReader | undefined {
    return this.#response.body?.getReader();
  }
}
