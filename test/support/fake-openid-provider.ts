import { createHash, randomUUID } from "node:crypto";
import type { Fetch } from "../../src/http/fetch.ts";
import type { Clock } from "../../src/time/clock.ts";
import { SigningKey } from "./token-issuer.ts";

/** The parts of an ID token before it is signed, to be changed by a test. */
export interface IdToken {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string;
  readonly scope: string;
  readonly subject: string;
}

export const ISSUER = "https://issuer.test/";
export const CLIENT_ID = "gw";
export const CLIENT_SECRET = "a client secret as issuers make them, long";

/** An OpenID provider without sockets, strict with what the gateway sends and as wrong as a test wants. */
export class FakeOpenidProvider {
  readonly #clock: Clock;
  readonly #issuer: string;
  readonly #codes = new Map<string, Grant>();
  readonly #refreshTokens = new Map<string, Grant>();
  #key = newKey();
  /** Every request of the gateway: method and path. */
  readonly asked: string[] = [];
  /** How the gateway said who it is, each time. */
  readonly authentications: ("basic" | "post")[] = [];
  /** Changes an ID token before it is signed. */
  tamper: (token: IdToken) => void = () => {};
  /** Changes the compact form of an ID token. */
  tamperText: (token: string) => string | Promise<string> = (token) => token;
  /** Answers in place of the provider, by the path; undefined to let it answer. */
  answerInstead: (path: string) => Response | Promise<Response> | undefined = () => undefined;
  /** Changes the discovery document. */
  metadata: Record<string, unknown> = {};
  userinfo: Record<string, unknown> = {};
  expiresIn: number | undefined = 300;
  givesRefreshTokens = true;
  /** Whether each refresh token is good for one use. */
  rotates = true;
  /** Whether the client needs no secret. */
  isForPublicClients = false;
  isDown = false;

  constructor(clock: Clock, issuer = ISSUER) {
    this.#clock = clock;
    this.#issuer = issuer;
  }

  readonly fetch: Fetch = async (url, init) => {
    const { origin, pathname: path } = new URL(url);
    this.asked.push(`${init.method} ${path}`);
    await Promise.resolve();
    if (this.isDown || origin !== new URL(this.#issuer).origin)
      throw new Error("connection refused");
    const own = await Promise.race([this.answerInstead(path), rejectedBy(init.signal)]);
    if (own !== undefined) return own;
    if (path === "/.well-known/openid-configuration") return Response.json(this.#discovery());
    if (path === "/jwks") return Response.json({ keys: [this.#key.jwk({ use: "sig" })] });
    if (path === "/token") return this.#token(init);
    if (path === "/userinfo") return Response.json(this.userinfo);
    if (path === "/revoke") return this.#revoke(init);
    return new Response(null, { status: 404 });
  };

  /** How often a path was asked for. */
  count(path: string): number {
    return this.asked.filter((asked) => asked.endsWith(` ${path}`)).length;
  }

  /** A person logs in at the address that the gateway sent the browser to; returns where they go then. */
  logIn(address: string, subject = "ada"): string {
    const { searchParams: asked } = new URL(address);
    const code = randomUUID();
    this.#codes.set(code, {
      clientId: asked.get("client_id") ?? "",
      redirectUri: asked.get("redirect_uri") ?? "",
      challenge: asked.get("code_challenge") ?? "",
      nonce: asked.get("nonce") ?? "",
      scope: asked.get("scope") ?? "",
      subject,
    });
    return this.comeBack(address, { code, iss: this.#issuer });
  }

  /** Where an answer goes that a test has made up. */
  comeBack(address: string, answer: Record<string, string>): string {
    const { searchParams: asked } = new URL(address);
    const back = new URL(asked.get("redirect_uri") ?? "");
    back.search = new URLSearchParams({ state: asked.get("state") ?? "", ...answer }).toString();
    return back.href;
  }

  /** Has another key from now on; the old one is not good any more. */
  rotateKeys(): void {
    this.#key = newKey();
  }

  /** Ends everything that was given. */
  endGrants(): void {
    this.#refreshTokens.clear();
  }

  #discovery() {
    return {
      issuer: this.#issuer,
      authorization_endpoint: `${this.#issuer}authorize?tenant=1`,
      token_endpoint: `${this.#issuer}token`,
      jwks_uri: `${this.#issuer}jwks`,
      userinfo_endpoint: `${this.#issuer}userinfo`,
      revocation_endpoint: `${this.#issuer}revoke`,
      end_session_endpoint: `${this.#issuer}logout`,
      id_token_signing_alg_values_supported: ["ES256"],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    };
  }

  async #token({ headers, body }: BunFetchRequestInit): Promise<Response> {
    const form = formIn(body);
    if (!this.#isAuthentic(headers, form)) return oauthError("invalid_client", 400);
    const grant =
      form.get("grant_type") === "refresh_token" ? this.#refreshed(form) : this.#redeemed(form);
    if (grant === undefined) return oauthError("invalid_grant");
    const refreshToken = randomUUID();
    if (this.givesRefreshTokens) this.#refreshTokens.set(refreshToken, grant);
    return Response.json({
      token_type: "Bearer",
      access_token: `access-${randomUUID()}`,
      ...(this.expiresIn !== undefined && { expires_in: this.expiresIn }),
      ...(this.givesRefreshTokens && { refresh_token: refreshToken }),
      id_token: await this.#idToken(grant, form.get("grant_type") !== "refresh_token"),
    });
  }

  #redeemed(form: URLSearchParams): Grant | undefined {
    const code = form.get("code") ?? "";
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "");
    const isGood =
      grant?.redirectUri === form.get("redirect_uri") &&
      grant.challenge === challenge.digest("base64url");
    return isGood ? grant : undefined;
  }

  #refreshed(form: URLSearchParams): Grant | undefined {
    const token = form.get("refresh_token") ?? "";
    const grant = this.#refreshTokens.get(token);
    if (this.rotates) this.#refreshTokens.delete(token);
    return grant;
  }

  async #idToken({ clientId, nonce, subject }: Grant, isLogin: boolean): Promise<string> {
    const now = Math.floor(this.#clock.wall() / 1_000);
    const token: IdToken = {
      header: {},
      claims: {
        iss: this.#issuer,
        sub: subject,
        aud: clientId,
        iat: now,
        exp: now + 300,
        email: `${subject}@example.com`,
        ...(isLogin && { nonce }),
      },
    };
    this.tamper(token);
    return this.tamperText(await this.#key.sign(token.claims, token.header));
  }

  #revoke({ headers, body }: BunFetchRequestInit): Response {
    const form = formIn(body);
    if (!this.#isAuthentic(headers, form)) return oauthError("invalid_client", 400);
    this.#refreshTokens.delete(form.get("token") ?? "");
    return new Response(null, { status: 200 });
  }

  #isAuthentic(headers: BunFetchRequestInit["headers"], form: URLSearchParams): boolean {
    if (this.isForPublicClients) return form.get("client_id") === CLIENT_ID;
    const given = new Headers(headers).get("authorization");
    this.authentications.push(given === null ? "post" : "basic");
    if (given === null) return form.get("client_secret") === CLIENT_SECRET;
    const [id = "", secret = ""] = Buffer.from(given.slice("Basic ".length), "base64")
      .toString()
      .split(":");
    return decodeForm(id) === CLIENT_ID && decodeForm(secret) === CLIENT_SECRET;
  }
}

function formIn(body: BunFetchRequestInit["body"]): URLSearchParams {
  if (body instanceof URLSearchParams) return body;
  throw new Error("the gateway sends forms");
}

/** Rejects when a request is given up, as fetch does. */
function rejectedBy(signal?: AbortSignal | null): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener("abort", () => reject(signal.reason as Error));
  return promise;
}

function decodeForm(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

function oauthError(error: string, status = 400): Response {
  return Response.json({ error, error_description: "<script>alert(1)</script>" }, { status });
}

function newKey(): SigningKey {
  return new SigningKey("ES256", randomUUID());
}
