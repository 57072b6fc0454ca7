import type { Field } from "../../../../http/field.ts";
import type { Scheme } from "../../../../http/forwarded.ts";
import type { Answer } from "../../../../pipeline/answer.ts";
import { GatewayError } from "../../../../pipeline/errors.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Outgoing } from "../../../../pipeline/outgoing.ts";
import { ownAnswer } from "../../../../pipeline/own-answer.ts";
import { type AuthProvider, type Proof, Rejection, type Verdict } from "../../provider.ts";
import { Cookies } from "./cookies.ts";
import { issuerError } from "./issuer-error.ts";
import type { Issuer } from "./issuer.ts";
import type { Logins } from "./logins.ts";
import { afterLogout, isMeant, logoutAtIssuer } from "./logout.ts";
import { isNavigation } from "./navigation.ts";
import { Origins } from "./origin.ts";
import type { RareLog } from "../../../rare-log.ts";
import { redirectTo } from "./redirect-to.ts";
import type { OidcConfig } from "./schema.ts";
import type { Session } from "./session.ts";
import type { Live, Sessions } from "./sessions.ts";

const AUTHORIZATION = "authorization";

/** What lives longer than one snapshot. */
export interface Kept {
  readonly issuer: Issuer;
  readonly sessions: Sessions;
  readonly logins: Logins;
  readonly log: RareLog;
}

/** Knows people by the session in their browser, and sends others to the issuer. */
export class OidcProvider implements AuthProvider {
  readonly areSentUnasked = true;
  readonly fieldsForBackends: readonly string[];
  readonly #config: OidcConfig;
  readonly #name: string;
  readonly #kept: Kept;
  readonly #origins: Origins;
  readonly #cookies: Readonly<Record<Scheme, Cookies>>;
  readonly #accessTokenField: string | undefined;

  constructor(config: OidcConfig, name: string, kept: Kept) {
    this.#config = config;
    this.#name = name;
    this.#kept = kept;
    this.#origins = new Origins(config.external_url ?? []);
    const { cookie } = config;
    this.#cookies = { http: new Cookies(cookie, false), https: new Cookies(cookie, true) };
    const field = config.access_token_header?.toLowerCase();
    this.#accessTokenField = field;
    // Other providers read Authorization.
    this.fieldsForBackends = field === undefined || field === AUTHORIZATION ? [] : [field];
  }

  authenticate(exchange: Exchange): Verdict | Promise<Verdict> {
    const cookies = this.#cookiesOf(exchange);
    const text = cookies.session(exchange.fields.all);
    if (text === undefined) return this.#unknown(exchange, cookies, undefined);
    const { sessions } = this.#kept;
    const live = sessions.find(text);
    const next = live === undefined ? undefined : sessions.goOn(live);
    return next instanceof Promise
      ? this.#later(exchange, cookies, text, next)
      : this.#verdict(exchange, cookies, text, next);
  }

  challenge(): string {
    return `Cookie realm="${this.#name}"`;
  }

  removeCredentials(outgoing: Outgoing, exchange: Exchange): void {
    this.#cookiesOf(exchange).hide(outgoing);
  }

  page(exchange: Exchange): Answer | undefined | Promise<Answer> {
    const { path } = exchange.target;
    if (path === this.#config.callback_path) return this.#callback(exchange);
    if (path === this.#config.logout_path) return this.#logout(exchange);
    return undefined;
  }

  #cookiesOf(exchange: Exchange): Cookies {
    return this.#cookies[this.#origins.scheme(exchange)];
  }

  async #later(
    exchange: Exchange,
    cookies: Cookies,
    text: string,
    pending: Promise<Live | undefined>,
  ): Promise<Verdict> {
    return this.#verdict(exchange, cookies, text, await pending);
  }

  #verdict(
    exchange: Exchange,
    cookies: Cookies,
    text: string,
    live: Live | undefined,
  ): Verdict | Promise<Verdict> {
    if (live === undefined) return this.#unknown(exchange, cookies, ENDED);
    const isLacking = this.#accessTokenField !== undefined && this.#kept.sessions.lacksAccess(live);
    return isLacking
      ? this.#withoutAccess(exchange, cookies, live)
      : this.#proof(exchange, cookies, text, live);
  }

  #proof(exchange: Exchange, cookies: Cookies, text: string, live: Live): Proof {
    const proof: Proof = {
      subject: String(live.claims["sub"]),
      claims: live.claims,
      ...(this.#accessTokenField !== undefined && {
        backendFields: [accessField(this.#accessTokenField, live.session)],
      }),
    };
    if (live.text === text) return proof;
    const answerFields = this.#setSession(exchange, cookies, live);
    return answerFields === undefined ? proof : { ...proof, answerFields };
  }

  /** A session whose access token has ended, and can be refreshed later or never. */
  #withoutAccess(exchange: Exchange, cookies: Cookies, { session }: Live) {
    if (session.refreshToken === undefined) return this.#unknown(exchange, cookies, ENDED);
    throw new GatewayError("auth_unavailable", "the issuer does not refresh the access token", {
      fields: { "retry-after": "5" },
    });
  }

  /** People are sent to the issuer; programs get a 401. */
  #unknown(
    exchange: Exchange,
    cookies: Cookies,
    rejection: Rejection | undefined,
  ): Verdict | Promise<Verdict> {
    if (!isNavigation(exchange)) return rejection;
    const origin = this.#origins.of(exchange);
    if (origin !== undefined) return this.#kept.logins.begin(exchange, cookies, origin);
    const why = "the address that was asked for is not known; add it to `external_url`";
    this.#kept.log.add("origin", `a login was refused: ${why}`);
    const detail = "logins are not set up for this address";
    throw new GatewayError("login_failed", detail);
  }

  async #callback(exchange: Exchange): Promise<Answer> {
    allowOnly(exchange, "GET");
    const cookies = this.#cookiesOf(exchange);
    const { logins, sessions } = this.#kept;
    const { tokens, location, fields } = await logins.complete(exchange, cookies);
    const live = sessions.start(tokens);
    const session = this.#setSession(exchange, cookies, live);
    if (session === undefined) {
      throw new GatewayError("login_failed", "the session is too large for this browser's cookies");
    }
    const { claims } = live;
    exchange.identity = { provider: this.#name, subject: String(claims["sub"]), claims };
    return redirectTo(exchange, location, [...session, ...fields]);
  }

  /** Undefined if it does not fit. */
  #setSession(exchange: Exchange, cookies: Cookies, { text }: Live): Field[] | undefined {
    const fields = cookies.setSession(text, exchange.fields.all);
    if (fields === undefined) {
      const size = `${text.length} characters`;
      this.#kept.log.add(
        "size",
        `a session does not fit into cookies (${size}): ask for fewer scopes or claims`,
      );
    }
    return fields;
  }

  async #logout(exchange: Exchange): Promise<Answer> {
    allowOnly(exchange, "GET, POST");
    const origin = this.#origins.of(exchange);
    if (!isMeant(exchange, origin)) {
      const detail =
        "people are logged out by a link or a form of the same origin, or at the address bar";
      throw new GatewayError("forbidden", detail);
    }
    const cookies = this.#cookiesOf(exchange);
    const text = cookies.session(exchange.fields.all);
    const live = text === undefined ? undefined : this.#kept.sessions.find(text);
    if (live !== undefined) this.#forget(live);
    const fields = [...cookies.clearSession(exchange.fields.all), cookies.clearLoginsInARow()];
    const afterwards = afterLogout(this.#config, origin);
    const atIssuer = await this.#logoutAtIssuer(live, afterwards);
    const location = atIssuer ?? afterwards;
    if (location !== undefined) return redirectTo(exchange, location, fields);
    const answer = ownAnswer(exchange, "text/plain;charset=utf-8", "You are logged out.\n");
    answer.fields.list.push(...fields);
    return answer;
  }

  #forget(live: Live): void {
    const { sessions, issuer, log } = this.#kept;
    sessions.end(live);
    const { refreshToken } = live.session;
    if (refreshToken === undefined) return;
    issuer.revoke(refreshToken).catch((error: unknown) => {
      const { message } = issuerError(error);
      log.add("revoke", `the refresh token of someone who logged out is still good: ${message}`);
    });
  }

  /** Also undefined if the issuer cannot be asked: the session here has ended either way. */
  async #logoutAtIssuer(
    live: Live | undefined,
    afterwards: string | undefined,
  ): Promise<string | undefined> {
    try {
      const metadata = await this.#kept.issuer.metadata();
      return logoutAtIssuer(metadata, this.#config, live?.session.idToken, afterwards);
    } catch {
      return undefined;
    }
  }
}

const ENDED = new Rejection("the session has ended");

function allowOnly({ method, target }: Exchange, methods: string): void {
  if (methods.split(", ").includes(method)) return;
  throw new GatewayError("method_not_allowed", `${target.path} takes ${methods}, not ${method}`, {
    fields: { allow: methods },
  });
}

function accessField(name: string, { accessToken = "" }: Session): readonly [string, string] {
  return [name, name === AUTHORIZATION ? `Bearer ${accessToken}` : accessToken];
}
