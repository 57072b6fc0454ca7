import { createHash } from "node:crypto";
import type { ClientConnection } from "../../../../pipeline/client-request.ts";
import { GatewayError } from "../../../../pipeline/errors.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Outgoing } from "../../../../pipeline/outgoing.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import type { Clock } from "../../../../time/clock.ts";
import { algorithmNames, asymmetricAlgorithms } from "../../keys/algorithms.ts";
import { KeysUnavailable } from "../../keys/key-set.ts";
import { mediaType, TokenProblem } from "../../keys/signed-token.ts";
import { type TokenRules, type VerifiedToken, verifyToken } from "../../keys/verify-token.ts";
import { type AuthProvider, defineProvider, type Proof, Rejection } from "../../provider.ts";
import { CredentialSources, secretNames, SEVERAL } from "../../sources.ts";
import { checkJwt } from "./check.ts";
import { openKeys } from "./keys.ts";
import { type Lack, lackIn } from "./required-claims.ts";
import { type JwtConfig, jwtSchema } from "./schema.ts";
import { VerifiedTokens } from "./verified-tokens.ts";

/** Clients with signed tokens of an issuer (RFC 7519, RFC 6750). */
export const jwt = defineProvider({
  kind: "jwt",
  schema: jwtSchema,
  check: checkJwt,
  secrets: ({ from }) => secretNames(from),
  create: (config, services, name) => new JwtProvider(config, services, name),
});

class JwtProvider implements AuthProvider {
  readonly #rules: TokenRules;
  readonly #lackIn: (claims: Proof["claims"]) => Lack | undefined;
  readonly #sources: CredentialSources;
  readonly #verified: VerifiedTokens;
  readonly #clock: Clock;
  readonly #challenge: string;

  constructor(config: JwtConfig, services: PolicyServices, name: string) {
    this.#rules = rulesOf(config, services);
    this.#lackIn = lackIn(config);
    this.#sources = new CredentialSources(config.from);
    this.#clock = services.clock;
    this.#challenge = `Bearer realm="${name}"`;
    // Another configuration could refuse what this one has verified. The key has no secret in it.
    const key = createHash("sha256")
      .update(JSON.stringify([name, config]))
      .digest("base64");
    this.#verified = services.keep(`verified tokens ${key}`, () => new VerifiedTokens());
  }

  /** Answers at once for a token that has been verified. */
  authenticate(exchange: Exchange): Proof | undefined | Promise<Proof | Rejection> {
    const given = this.#sources.readOnly(exchange);
    if (given === undefined) return undefined;
    if (given === SEVERAL) throw this.#severalTokens();
    const token = withoutScheme(given);
    const { clientConnection } = exchange;
    const known = this.#verified.find(token, clientConnection, this.#clock.wall());
    return known ?? this.#verify(token, clientConnection);
  }

  challenge(): string {
    return this.#challenge;
  }

  removeCredentials(outgoing: Outgoing): void {
    this.#sources.remove(outgoing);
  }

  async #verify(
    token: string,
    connection: ClientConnection | undefined,
  ): Promise<Proof | Rejection> {
    let verified: VerifiedToken;
    try {
      verified = await verifyToken(token, this.#rules, this.#clock.wall());
    } catch (error) {
      if (error instanceof TokenProblem) return this.#reject(error.message);
      if (error instanceof KeysUnavailable) throw unavailable(error);
      throw error;
    }
    const { claims, validity, key } = verified;
    const lack = this.#lackIn(claims);
    if (lack?.makesInvalid === true)
      return this.#reject(`the token has no acceptable ${lack.name}`);
    if (lack !== undefined) throw this.#insufficient(lack);
    const { sub: subject } = claims;
    const proof: Proof = {
      subject: typeof subject === "string" ? subject : "",
      claims,
      challenge: this.#challenge,
    };
    this.#verified.add(token, connection, { proof, validity, key });
    return proof;
  }

  #reject(reason: string): Rejection {
    return new Rejection(reason, this.#challengeWith("invalid_token", reason));
  }

  /** RFC 6750 section 2: a client must not use more than one. */
  #severalTokens(): GatewayError {
    const reason = "the request has more than one token";
    return new GatewayError("invalid_request", reason, {
      fields: { "www-authenticate": this.#challengeWith("invalid_request", reason) },
    });
  }

  /** The token is good, and a new one would be no better. */
  #insufficient({ name }: Lack): GatewayError {
    return new GatewayError("insufficient_scope", `this asks for the claim ${name}`, {
      fields: { "www-authenticate": `${this.#challenge}, error="insufficient_scope"` },
    });
  }

  /** RFC 6750 section 3. No reason has a quote or a backslash in it. */
  #challengeWith(error: string, reason: string): string {
    return `${this.#challenge}, error="${error}", error_description="${reason}"`;
  }
}

function rulesOf(config: JwtConfig, services: PolicyServices): TokenRules {
  const usual =
    config.secret === undefined
      ? asymmetricAlgorithms
      : algorithmNames.filter((name) => !asymmetricAlgorithms.includes(name));
  return {
    keys: openKeys(config, services),
    algorithms: new Set(config.algorithms ?? usual),
    type: mediaType(config.type),
    issuers: config.issuer,
    audiences: config.audience,
    leewayMs: config.leeway,
    needsExpiry: config.require?.["exp"]?.includes(false) !== true,
  };
}

function unavailable(cause: KeysUnavailable): GatewayError {
  return new GatewayError(
    "auth_unavailable",
    "the keys that tokens are verified with are missing",
    {
      fields: { "retry-after": "1" },
      cause,
    },
  );
}

/** Fields other than Authorization may have the scheme in front of the token, too. */
function withoutScheme(given: string): string {
  return given.includes(" ") ? given.replace(/^bearer +/i, "") : given;
}
