import { type Fetch, fetchTransport } from "./fetch-transport.ts";

export interface Sent {
  readonly url: string;
  readonly init: BunFetchRequestInit;
  readonly headers: Headers;
}

/** A network in which `answer` says what becomes of each request. */
export function network(answer: (sent: Sent) => Response | Promise<Response>) {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, init) => {
    const one = { url, init, headers: new Headers(init.headers) };
    sent.push(one);
    return answer(one);
  };
  return { fetch, transport: fetchTransport(fetch), sent };
}

/** Never answers; rejects as fetch does when its signal aborts. */
export function silence({ init }: Sent): Promise<Response> {
  return new Promise((_resolve, reject) => {
    init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });
}

/** An error as fetch rejects with: its message is not for clients. */
export function fetchError(code: string): Error {
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

/** A source that hands out chunks one by one, as a test says, and tells how it was read. */
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
