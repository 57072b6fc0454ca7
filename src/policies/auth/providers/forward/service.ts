import { type Field, fieldOf } from "../../../../http/field.ts";
import { wholeContent } from "../../../../http/whole-content.ts";
import { namedByConnection, removedFields } from "../../../../http/fields.ts";
import { GatewayError } from "../../../../pipeline/errors.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import { RareLog } from "../../../rare-log.ts";
import type { Pairs } from "./question.ts";
import { Slots } from "../../slots.ts";

/** How a service is asked. */
export interface ServiceSettings {
  readonly url: string;
  readonly method: "GET" | "HEAD" | "POST";
  /** Milliseconds for one question, waiting for its turn included. */
  readonly timeout: number;
  readonly maxInFlight: number;
  /** PEM texts. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
}

/** An answer as it came, all of it. */
export interface ServiceAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Without those that belong to the connection. */
  readonly fields: readonly Field[];
  readonly content: Uint8Array;
}

const MOST_WAITING = 1000;
/** The largest content in bytes: of a page that clients get, and of what nobody does. */
const LARGEST_PAGE = 1_048_576;
const LARGEST_UNREAD = 65_536;

/** Asks a service over HTTP. Never more than so many questions are on their way. */
export class AuthService {
  readonly #settings: ServiceSettings;
  readonly #services: Pick<PolicyServices, "clock" | "fetch" | "log">;
  readonly #name: string;
  readonly #slots: Slots;
  /** Clients may be able to cause failures. */
  readonly #failures: RareLog;
  /** Whether the operator believes that it fails. */
  #isReported = false;

  constructor(
    settings: ServiceSettings,
    services: Pick<PolicyServices, "clock" | "fetch" | "log">,
    name: string,
  ) {
    this.#settings = settings;
    this.#services = services;
    this.#name = name;
    this.#failures = new RareLog(services, "error", `auth.${name}: ${this.#place} `);
    this.#slots = new Slots(settings.maxInFlight, MOST_WAITING);
  }

  /**
   * Rejects with a GatewayError, `auth_unavailable`, if there is no answer. `controller` breaks it off
   * when its signal is aborted from elsewhere; the error means nothing then.
   */
  async ask(fields: Pairs, controller: AbortController): Promise<ServiceAnswer> {
    const { clock } = this.#services;
    const { timeout } = this.#settings;
    let isLate = false;
    const cancelTimer = clock.schedule(timeout, () => {
      isLate = true;
      controller.abort();
    });
    try {
      const turn = this.#slots.take(controller.signal);
      if (turn === false) throw tooMany();
      if (turn !== undefined) await turn;
    } catch (error) {
      cancelTimer();
      throw isLate || error instanceof GatewayError ? tooMany() : error;
    }
    try {
      return await this.#fetch(fields, controller);
    } catch (error) {
      if (controller.signal.aborted && !isLate) throw error;
      const reason = isLate ? "did not answer in time" : reasonOf(error);
      throw this.failed(reason, error);
    } finally {
      cancelTimer();
      this.#slots.give();
    }
  }

  /** It does not do what it is there for. Tells the operator, and says what the client gets. */
  failed(reason: string, cause?: unknown): GatewayError {
    const message = `${reason}; requests that it has to decide on get a 503`;
    if (this.#failures.add("failed", message)) this.#isReported = true;
    return new GatewayError("auth_unavailable", `the authentication service ${reason}`, { cause });
  }

  /** It does. */
  works(): void {
    if (!this.#isReported) return;
    this.#isReported = false;
    this.#services.log("info", `auth.${this.#name}: ${this.#place} answers again`);
  }

  /** Without its query, which may hold a secret. */
  get #place(): string {
    const { origin, pathname } = new URL(this.#settings.url);
    return origin + pathname;
  }

  async #fetch(fields: Pairs, { signal }: AbortController): Promise<ServiceAnswer> {
    const { url, method, tls } = this.#settings;
    const response = await this.#services.fetch(url, {
      method,
      headers: headersOf(fields),
      redirect: "manual",
      decompress: false,
      // The environment's proxy must not count.
      proxy: NO_PROXY,
      signal,
      ...(tls !== undefined && { tls }),
    });
    const { status, statusText, headers } = response;
    const content = await contentOf(response, method);
    return { status, statusText, fields: fieldsIn(headers), content };
  }
}

/** Not among the documented values. */
const NO_PROXY = false as unknown as string;

/** Why an answer cannot be used, as the end of a sentence about the service. */
class UnusableAnswer extends Error {
  override readonly name = "UnusableAnswer";
}

function tooMany(): GatewayError {
  return new GatewayError(
    "auth_unavailable",
    "too many requests wait for the authentication service",
    {
      fields: { "retry-after": "1" },
    },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof UnusableAnswer ? error.message : "cannot be reached";
}

function headersOf(fields: Pairs): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.set(name, value);
  // Otherwise the runtime names itself.
  if (!headers.has("user-agent")) headers.set("user-agent", "");
  return headers;
}

function fieldsIn(headers: Headers): Field[] {
  const nominated = namedByConnection(headers.get("connection"));
  const fields: Field[] = [];
  for (const [name, value] of headers) {
    if (name === "content-length" || removedFields.has(name) || nominated.includes(name)) continue;
    try {
      fields.push(fieldOf(name, value));
    } catch {
      throw new UnusableAnswer(`answered with an invalid field ${name}`);
    }
  }
  return fields;
}

/** What nobody gets to see is thrown away beyond a length, and its connection with it. */
async function contentOf(response: Response, method: string): Promise<Uint8Array> {
  const { ok, headers } = response;
  const content = await wholeContent(response, ok ? LARGEST_UNREAD : LARGEST_PAGE);
  if (content === undefined) {
    if (ok) return NOTHING;
    throw new UnusableAnswer(`answered with more than ${LARGEST_PAGE / 1_048_576} MiB`);
  }
  const promised = headers.get("content-length");
  // The runtime takes an answer for complete that ends before its first byte.
  if (method !== "HEAD" && promised !== null && Number(promised) !== content.length) {
    throw new UnusableAnswer("broke off its answer");
  }
  return ok ? NOTHING : content;
}

const NOTHING = new Uint8Array();
