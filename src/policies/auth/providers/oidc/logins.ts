import { randomBytes } from "node:crypto";
import { calculatePKCECodeChallenge } from "oauth4webapi";
import type { Field } from "../../../../http/field.ts";
import type { Answer } from "../../../../pipeline/answer.ts";
import { GatewayError } from "../../../../pipeline/errors.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Clock } from "../../../../time/clock.ts";
import type { Cookies } from "./cookies.ts";
import type { Metadata } from "./discovery.ts";
import type { Expected, Issuer, Tokens } from "./issuer.ts";
import { loginFailure } from "./login-failure.ts";
import { pageAskedFor, safeReturn } from "./navigation.ts";
import type { RareLog } from "../../../rare-log.ts";
import { redirectTo } from "./redirect-to.ts";
import type { OidcConfig } from "./schema.ts";
import type { Sealing } from "./sealing.ts";

/** Logins that a browser may have begun: in tabs, and those that were left. */
const MOST_LOGINS = 5;
/** Cookies that are looked at to find those. */
const MOST_LOOKED_AT = 20;
/** After so many logins in a row a further one would be of no use either. */
const MOST_IN_A_ROW = 3;
const IN_A_ROW_MS = 30_000;
const ID_LENGTH = 8;
const VERSION = 1;

/** A login on its way, as its cookie has it. */
interface Login extends Expected {
  /** The origin to return to, and the page of it. */
  readonly origin: string;
  readonly page: string;
  /** Unix epoch milliseconds. */
  readonly begunAt: number;
  /** How many have just succeeded before it. */
  readonly inARow: number;
}

/** A login that has succeeded. */
export interface Completed {
  readonly tokens: Tokens;
  /** Where the browser returns to. */
  readonly location: string;
  /** For the answer. */
  readonly fields: Field[];
}

export interface LoginParts {
  readonly config: OidcConfig;
  readonly issuer: Issuer;
  readonly sealing: Sealing;
  readonly clock: Clock;
  readonly log: RareLog;
}

/** Sends people to the issuer and takes them back. What belongs to a login is in a cookie of its own. */
export class Logins {
  readonly #parts: LoginParts;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /** Sends a browser to the issuer. */
  async begin(exchange: Exchange, cookies: Cookies, origin: string): Promise<Answer> {
    const { config, log, sealing, clock } = this.#parts;
    const inARow = cookies.loginsInARow(exchange.fields.all);
    if (inARow >= MOST_IN_A_ROW) {
      log.add("loop", "browsers log in again and again: they do not keep the session's cookie");
      throw new GatewayError(
        "login_failed",
        `this browser has logged in ${inARow} times in a row and still comes without a session: it has to accept cookies of this site, and gateways that share it need the same keys`,
        { fields: fieldFor(cookies.clearLoginsInARow()) },
      );
    }
    const metadata = await this.#metadata();
    const login: Login = {
      state: secret(),
      nonce: secret(),
      verifier: secret(),
      redirectUri: origin + config.callback_path,
      origin,
      page: pageAskedFor(exchange),
      begunAt: clock.wall(),
      inARow,
    };
    const id = login.state.slice(0, ID_LENGTH);
    const value = sealing.seal(loginText(login), purposeOf(id));
    const url = new URL(metadata.authorization_endpoint ?? "");
    const parameters = {
      ...config.authorization_parameters,
      response_type: "code",
      client_id: config.client_id,
      redirect_uri: login.redirectUri,
      scope: config.scopes.join(" "),
      state: login.state,
      nonce: login.nonce,
      code_challenge: await calculatePKCECodeChallenge(login.verifier),
      code_challenge_method: "S256",
    };
    for (const [name, text] of Object.entries(parameters)) url.searchParams.set(name, text);
    return redirectTo(exchange, url.href, [
      ...this.#surplus(exchange, cookies),
      cookies.setLogin({ id, value }, config.login_timeout),
    ]);
  }

  /** Takes a browser back. Throws a GatewayError if it brings no login that this browser has begun. */
  async complete(exchange: Exchange, cookies: Cookies): Promise<Completed> {
    const query = new URLSearchParams(exchange.target.query);
    const id = (query.get("state") ?? "").slice(0, ID_LENGTH);
    const login = this.#find(exchange, cookies, id);
    if (login === undefined) {
      throw new GatewayError(
        "login_failed",
        "this login has been completed before, has expired, or was begun in another browser; go back to the page that you wanted to see",
      );
    }
    try {
      const tokens = await this.#parts.issuer.redeem(query, login);
      return {
        tokens,
        location: login.origin + safeReturn(login.page),
        fields: [cookies.clearLogin(id), cookies.setLoginsInARow(login.inARow + 1, IN_A_ROW_MS)],
      };
    } catch (error) {
      throw loginFailure(error, this.#parts.log, fieldFor(cookies.clearLogin(id)));
    }
  }

  async #metadata(): Promise<Metadata> {
    try {
      return await this.#parts.issuer.metadata();
    } catch (error) {
      // The issuer has been logged already.
      throw loginFailure(error);
    }
  }

  #find(exchange: Exchange, cookies: Cookies, id: string): Login | undefined {
    if (!/^[A-Za-z0-9_-]{8}$/.test(id)) return undefined;
    const value = cookies.login(exchange.fields.all, id);
    return value === undefined ? undefined : this.#read(value, id);
  }

  #read(value: string, id: string): Login | undefined {
    const { config, sealing, clock } = this.#parts;
    const text = sealing.open(value, purposeOf(id));
    const login = text === undefined ? undefined : readLogin(text);
    if (login === undefined) return undefined;
    return clock.wall() - login.begunAt < config.login_timeout ? login : undefined;
  }

  /** Removes the cookies of logins that are over, and of the oldest beyond the bound. */
  #surplus({ fields }: Exchange, cookies: Cookies): Field[] {
    const begun = cookies
      .logins(fields.all, MOST_LOOKED_AT)
      .map(({ id, value }) => ({ id, begunAt: this.#read(value, id)?.begunAt ?? 0 }))
      .toSorted((one, other) => other.begunAt - one.begunAt);
    return begun
      .filter(({ begunAt }, at) => begunAt === 0 || at >= MOST_LOGINS - 1)
      .map(({ id }) => cookies.clearLogin(id));
  }
}

function purposeOf(id: string): string {
  return `login ${id}`;
}

function secret(): string {
  return randomBytes(32).toString("base64url");
}

function loginText(login: Login): string {
  const { state, nonce, verifier, redirectUri, origin, page, begunAt, inARow } = login;
  return JSON.stringify([
    VERSION,
    state,
    nonce,
    verifier,
    redirectUri,
    origin,
    page,
    begunAt,
    inARow,
  ]);
}

function readLogin(text: string): Login | undefined {
  const [version, ...parts] = JSON.parse(text) as [number, ...unknown[]];
  if (version !== VERSION) return undefined;
  const [state, nonce, verifier, redirectUri, origin, page, begunAt, inARow] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
    number,
    number,
  ];
  return { state, nonce, verifier, redirectUri, origin, page, begunAt, inARow };
}

/** A field as a GatewayError has it. */
function fieldFor({ value }: Field): Record<string, string> {
  return { "set-cookie": value };
}
