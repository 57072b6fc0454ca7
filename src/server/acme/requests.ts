import type { Fetch } from "../../http/fetch.ts";
import { parseRetryAfter } from "../../http/retry-after.ts";
import { wholeContent } from "../../http/whole-content.ts";
import type { Clock } from "../../time/clock.ts";
import type { AccountKey } from "./account-key.ts";
import { errorFrom, fieldsOf, IssuerError } from "./issuer-error.ts";

export interface RequestsOptions {
  readonly key: AccountKey;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** When it aborts, whatever is under way rejects. */
  readonly signal: AbortSignal;
}

/** What comes back to a request. */
export interface Reply {
  readonly headers: Headers;
  readonly text: string;
  /** Milliseconds of Retry-After (RFC 9110 section 10.2.3); undefined without one. */
  readonly retryAfterMs: number | undefined;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Of an answer; chains of certificates have a few KB. */
const LONGEST_ANSWER = 1024 * 1024;
const TRIES_WITH_A_NONCE = 4;

/** Requests to an issuer, signed where they are POST (RFC 8555 section 6). Rejects with IssuerErrors. */
export class Requests {
  readonly #options: RequestsOptions;
  #nonce: string | undefined;
  /** The account's URL, once it is known. */
  account: string | undefined;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  get(url: string): Promise<Reply> {
    return this.#ask(url, { method: "GET" });
  }

  /**
   * Sends a payload, or asks for a resource without one (POST-as-GET). `newNonce` is where a nonce can
   * be had.
   */
  async post(url: string, newNonce: string, payload?: unknown): Promise<Reply> {
    for (let tries = 1; ; tries += 1) {
      const nonce = this.#nonce ?? (await this.#askForNonce(newNonce));
      this.#nonce = undefined;
      const body = this.#options.key.sign(payload, { url, nonce, account: this.account });
      try {
        return await this.#ask(url, {
          method: "POST",
          headers: { "content-type": "application/jose+json" },
          body,
        });
      } catch (error) {
        const isStale = error instanceof IssuerError && error.type === "badNonce";
        if (!isStale || tries >= TRIES_WITH_A_NONCE) throw error;
      }
    }
  }

  /** Rejects as soon as the signal aborts. */
  pause(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = () => reject(new IssuerError("unreachable", "the gateway is stopping"));
    const cancel = clock.schedule(ms, resolve);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    return promise.finally(() => {
      cancel();
      signal.removeEventListener("abort", stop);
    });
  }

  async #askForNonce(url: string): Promise<string> {
    await this.#ask(url, { method: "HEAD" });
    if (this.#nonce !== undefined) return this.#nonce;
    throw new IssuerError("invalidAnswer", "the issuer gave no Replay-Nonce");
  }

  async #ask(url: string, init: RequestInit): Promise<Reply> {
    const { fetch, signal } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { ...init, signal: limit, redirect: "error" });
      text = await readText(response);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new IssuerError("unreachable", `${url} cannot be asked: ${reason}`);
    }
    const { ok, status, headers } = response;
    this.#nonce = headers.get("replay-nonce") ?? this.#nonce;
    const written = headers.get("retry-after") ?? "";
    const retryAfterMs = parseRetryAfter(written, this.#options.clock.wall());
    if (ok) return { headers, text, retryAfterMs };
    const unknown = {
      type: status >= 500 ? "serverInternal" : "invalidAnswer",
      detail: `${url} answered ${status}`,
    };
    throw errorFrom({ ...unknown, ...fieldsOf(json(text)) }, retryAfterMs);
  }
}

async function readText(response: Response): Promise<string> {
  const content = await wholeContent(response, LONGEST_ANSWER);
  if (content === undefined) throw new Error("its answer is longer than 1 MiB");
  return content.toString("utf8");
}

/** Undefined if the text is not JSON. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
