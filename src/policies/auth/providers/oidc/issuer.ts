import * as oauth from "oauth4webapi";
import type { Claims } from "../../../../pipeline/claims.ts";
import type { Clock } from "../../../../time/clock.ts";
import { isAlgorithm } from "../../keys/algorithms.ts";
import { KeysUnavailable } from "../../keys/key-set.ts";
import { verifySignature } from "../../keys/signed-token.ts";
import { Discovery, type IssuerServices, type Metadata } from "./discovery.ts";
import { IssuerError, issuerError } from "./issuer-error.ts";
import { issuerFetch } from "./issuer-fetch.ts";
import type { OidcConfig } from "./schema.ts";

/** RFC 6749 section 5.2: a code or a refresh token is not good, or not any more. */
export const INVALID_GRANT = "invalid_grant";
/** RFC 8414 section 2: what a missing list stands for. */
const DEFAULT_METHODS = ["client_secret_basic"];

/** What the issuer gives for a code or a refresh token, verified. */
export interface Tokens {
  /** Undefined if a refresh brought none. */
  readonly idToken: string | undefined;
  readonly claims: Claims | undefined;
  readonly userinfo: Claims | undefined;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Seconds; 0 if unknown. */
  readonly expiresIn: number;
}

/** What a login sent to the issuer, and now expects back. */
export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/** An OpenID provider. All its methods throw an IssuerError. */
export class Issuer {
  readonly #config: OidcConfig;
  readonly #clock: Clock;
  readonly #discovery: Discovery;
  readonly #options: oauth.HttpRequestOptions<"GET"> &
    oauth.HttpRequestOptions<"POST", URLSearchParams>;

  constructor(config: OidcConfig, services: IssuerServices, name: string) {
    this.#config = config;
    this.#clock = services.clock;
    this.#options = {
      [oauth.customFetch]: issuerFetch(services, config.timeout),
      [oauth.allowInsecureRequests]: config.issuer.startsWith("http:"),
    };
    this.#discovery = new Discovery(config, services, name, this.#options);
  }

  /** See `Discovery`. */
  metadata(): Metadata | Promise<Metadata> {
    return this.#discovery.metadata();
  }

  /** Nothing is read ahead any more. */
  close(): void {
    this.#discovery.close();
  }

  /** Redeems the code in the query that a browser has brought back. */
  async redeem(query: URLSearchParams, expected: Expected): Promise<Tokens> {
    const { state, nonce, verifier, redirectUri } = expected;
    try {
      const metadata = await this.metadata();
      const client = this.#client();
      const answer = answerIn(query, metadata, client, state);
      const response = await oauth.authorizationCodeGrantRequest(
        metadata,
        client,
        this.#authentication(metadata),
        answer,
        redirectUri,
        verifier,
        this.#options,
      );
      const maxAge = this.#config.authorization_parameters?.["max_age"];
      const body = await oauth.processAuthorizationCodeResponse(metadata, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
        ...(maxAge !== undefined && { maxAge: Number(maxAge) }),
      });
      return await this.#tokens(metadata, body);
    } catch (error) {
      throw issuerError(error);
    }
  }

  async refresh(refreshToken: string, subject: string): Promise<Tokens> {
    try {
      const metadata = await this.metadata();
      const client = this.#client();
      const response = await oauth.refreshTokenGrantRequest(
        metadata,
        client,
        this.#authentication(metadata),
        refreshToken,
        this.#options,
      );
      const body = await oauth.processRefreshTokenResponse(metadata, client, response);
      return await this.#tokens(metadata, body, subject);
    } catch (error) {
      throw issuerError(error);
    }
  }

  /** Has the issuer forget a refresh token, if it can (RFC 7009). */
  async revoke(refreshToken: string): Promise<void> {
    try {
      const metadata = await this.metadata();
      if (metadata.revocation_endpoint === undefined) return;
      const response = await oauth.revocationRequest(
        metadata,
        this.#client(),
        this.#authentication(metadata),
        refreshToken,
        { ...this.#options, additionalParameters: { token_type_hint: "refresh_token" } },
      );
      await oauth.processRevocationResponse(response);
    } catch (error) {
      throw issuerError(error);
    }
  }

  /** `refreshed` is the subject of the session that is refreshed. */
  async #tokens(
    metadata: Metadata,
    body: oauth.TokenEndpointResponse,
    refreshed?: string,
  ): Promise<Tokens> {
    const claims = oauth.getValidatedIdTokenClaims(body);
    const subject = refreshed ?? claims?.sub ?? "";
    if (claims !== undefined && claims.sub !== subject) {
      throw new IssuerError("refused", "it answers with another person's ID token", INVALID_GRANT);
    }
    const accessToken = body.access_token;
    if (!/^[!-~]+$/.test(accessToken)) {
      throw new IssuerError("invalid", "its access token has characters that no token has");
    }
    let isVerified = claims !== undefined;
    let userinfo: Claims | undefined;
    try {
      if (claims !== undefined) await this.#verify(metadata, body.id_token ?? "", claims);
      if (this.#config.userinfo) userinfo = await this.#userinfo(metadata, accessToken, subject);
    } catch (error) {
      // The refresh token may have been replaced already: what is known of the person has to do.
      if (refreshed === undefined || issuerError(error).reason !== "unreachable") throw error;
      isVerified = false;
    }
    return {
      idToken: isVerified ? body.id_token : undefined,
      claims: isVerified ? claims : undefined,
      userinfo,
      accessToken,
      refreshToken: body.refresh_token,
      expiresIn: Math.floor(body.expires_in ?? 0),
    };
  }

  async #verify(metadata: Metadata, idToken: string, claims: oauth.IDToken): Promise<void> {
    try {
      await verifySignature(idToken, {
        keys: this.#discovery.keysOf(metadata),
        algorithms: new Set(metadata.id_token_signing_alg_values_supported?.filter(isAlgorithm)),
      });
    } catch (error) {
      const isMissing = error instanceof KeysUnavailable;
      const message = isMissing ? "its keys cannot be read" : "its ID token is not signed by it";
      throw new IssuerError(isMissing ? "unreachable" : "invalid", message);
    }
    // OpenID Connect Core section 3.1.3.7.
    if (claims.azp === undefined || claims.azp === this.#config.client_id) return;
    throw new IssuerError("invalid", "its ID token is for another client (azp)");
  }

  async #userinfo(metadata: Metadata, accessToken: string, subject: string): Promise<Claims> {
    const client = this.#client();
    const response = await oauth.userInfoRequest(metadata, client, accessToken, this.#options);
    const isSigned = response.headers.get("content-type")?.startsWith("application/jwt") === true;
    const claims = await oauth.processUserInfoResponse(metadata, client, subject, response);
    if (isSigned) await oauth.validateApplicationLevelSignature(metadata, response, this.#options);
    return claims;
  }

  #client(): oauth.Client {
    const skew = Math.round((this.#clock.wall() - Date.now()) / 1_000);
    return { client_id: this.#config.client_id, [oauth.clockSkew]: skew };
  }

  #authentication(metadata: Metadata): oauth.ClientAuth {
    const { client_secret: secret, client_authentication: chosen } = this.#config;
    if (secret === undefined) return oauth.None();
    const methods = metadata.token_endpoint_auth_methods_supported ?? DEFAULT_METHODS;
    const isBasic =
      chosen === undefined ? methods.includes("client_secret_basic") : chosen === "basic";
    return isBasic ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
  }
}

/** The issuer's answer that a browser has brought back, checked as far as it can be (RFC 9207). */
function answerIn(
  query: URLSearchParams,
  metadata: Metadata,
  client: oauth.Client,
  state: string,
): URLSearchParams {
  try {
    const answer = oauth.validateAuthResponse(metadata, client, query, state);
    if (answer.getAll("code").length === 1) return answer;
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw error;
  }
  throw new IssuerError("forged", "this is not its answer");
}
