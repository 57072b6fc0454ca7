import type { Clock } from "../../time/clock.ts";
import {
  type Authorization,
  type Challenge,
  type Order,
  readAuthorization,
  readOrder,
  type RenewalWindow,
  textIn,
} from "./answers.ts";
import { fieldsOf, IssuerError } from "./issuer-error.ts";
import { json, type Reply, Requests, type RequestsOptions } from "./requests.ts";
import { base64url } from "./x509.ts";

export interface IssuerOptions extends RequestsOptions {
  /** URL of the issuer's directory (RFC 8555 section 7.1.1). */
  readonly directory: string;
}

/** How long an issuer may take for a validation or a certificate. */
const POLL_AT_MOST_MS = 5 * 60_000;
const FIRST_POLL_MS = 1_000;
const SLOWEST_POLL_MS = 10_000;

/** The ACME protocol with one issuer (RFC 8555). Every method rejects with an IssuerError. */
export class Issuer {
  readonly #url: string;
  readonly #requests: Requests;
  readonly #clock: Clock;
  #directory: Readonly<Record<string, unknown>> | undefined;

  constructor({ directory, ...options }: IssuerOptions) {
    this.#url = directory;
    this.#clock = options.clock;
    this.#requests = new Requests(options);
  }

  /**
   * Uses an account that exists, or that is created with the key. Its URL; a known one is believed
   * without being asked for.
   */
  async useAccount(email: string | undefined, known?: string): Promise<string> {
    this.#requests.account = known;
    if (known !== undefined) return known;
    const { meta } = await this.#readDirectory();
    if (fieldsOf(meta)["externalAccountRequired"] === true) {
      throw new IssuerError(
        "externalAccountRequired",
        "this issuer requires an external account binding",
      );
    }
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    const { headers } = await this.#post(await this.#resource("newAccount"), {
      termsOfServiceAgreed: true,
      ...contact,
    });
    const account = locationIn(headers);
    this.#requests.account = account;
    return account;
  }

  /** Changes the address that the issuer writes to. */
  async changeContact(email: string | undefined): Promise<void> {
    const { account } = this.#requests;
    if (account === undefined) return;
    await this.#post(account, { contact: email === undefined ? [] : [`mailto:${email}`] });
  }

  /** Where the issuer's terms of service are; undefined if it has none. */
  async terms(): Promise<string | undefined> {
    return textIn(fieldsOf((await this.#readDirectory())["meta"]), "termsOfService");
  }

  /** `replaces` names the certificate to be renewed, where the issuer knows of renewal information. */
  async order(names: readonly string[], replaces?: string): Promise<Order> {
    const isKnown = textIn(await this.#readDirectory(), "renewalInfo") !== undefined;
    const reply = await this.#post(await this.#resource("newOrder"), {
      identifiers: names.map((value) => ({ type: "dns", value })),
      ...(replaces !== undefined && isKnown ? { replaces } : {}),
    });
    return readOrder(locationIn(reply.headers), json(reply.text));
  }

  async authorization(url: string): Promise<Authorization> {
    return readAuthorization(json((await this.#post(url)).text));
  }

  /** Tells the issuer that a challenge can be tried. */
  async answer({ url }: Challenge): Promise<void> {
    await this.#post(url, {});
  }

  /** Waits until the issuer has tried a challenge. */
  untilValidated(url: string): Promise<Authorization> {
    return this.#poll(url, readAuthorization, ({ status }) => status !== "pending");
  }

  /** Sends the certification request. */
  async finalize({ url, finalize }: Order, request: Uint8Array): Promise<Order> {
    return readOrder(url, json((await this.#post(finalize, { csr: base64url(request) })).text));
  }

  /** Waits until an order has left states in which the issuer is at work. */
  untilSettled({ url }: Order): Promise<Order> {
    return this.#poll(
      url,
      (value) => readOrder(url, value),
      ({ status }) => status !== "pending" && status !== "processing",
    );
  }

  /** The certificate chain in PEM. */
  async certificate(url: string): Promise<string> {
    const { text } = await this.#post(url);
    return text;
  }

  /** When to renew a certificate; undefined if the issuer does not say. */
  async renewalWindow(id: string): Promise<RenewalWindow | undefined> {
    const base = textIn(await this.#readDirectory(), "renewalInfo");
    if (base === undefined) return undefined;
    const reply = await this.#requests.get(`${base.replace(/\/$/, "")}/${id}`);
    const { start, end } = fieldsOf(fieldsOf(json(reply.text))["suggestedWindow"]);
    const [from, to] = [Date.parse(String(start)), Date.parse(String(end))];
    if (Number.isNaN(from) || Number.isNaN(to) || to < from) return undefined;
    return { start: from, end: to, askAgainMs: reply.retryAfterMs };
  }

  async #poll<Value>(
    url: string,
    read: (value: unknown) => Value,
    isDone: (value: Value) => boolean,
  ): Promise<Value> {
    const end = this.#clock.monotonic() + POLL_AT_MOST_MS;
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, SLOWEST_POLL_MS)) {
      const reply = await this.#post(url);
      const value = read(json(reply.text));
      if (isDone(value)) return value;
      const wait = Math.max(reply.retryAfterMs ?? 0, pause);
      if (this.#clock.monotonic() + wait > end) {
        throw new IssuerError("timeout", "the issuer is taking longer than five minutes");
      }
      await this.#requests.pause(wait);
    }
  }

  async #post(url: string, payload?: unknown): Promise<Reply> {
    return this.#requests.post(url, await this.#resource("newNonce"), payload);
  }

  async #resource(name: string): Promise<string> {
    const url = textIn(await this.#readDirectory(), name);
    if (url !== undefined) return url;
    throw new IssuerError("invalidAnswer", `${this.#url} is not an ACME directory: no ${name}`);
  }

  async #readDirectory(): Promise<Readonly<Record<string, unknown>>> {
    this.#directory ??= fieldsOf(json((await this.#requests.get(this.#url)).text));
    return this.#directory;
  }
}

function locationIn(headers: Headers): string {
  const location = headers.get("location");
  if (location !== null) return location;
  throw new IssuerError("invalidAnswer", "the issuer's answer has no Location");
}
