import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Field } from "../../http/field.ts";
import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange, Identity } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import type { ConfigIssue, PolicyServices } from "../../pipeline/policy.ts";
import type { Charge } from "../limits/limit.ts";

/** What credentials have proved. */
export interface Proof extends Omit<Identity, "provider"> {
  /** Fields that the backend gets besides `identity_headers`, of those in `fieldsForBackends`. */
  readonly backendFields?: readonly (readonly [name: string, value: string])[];
  /** Fields to add to the answer, like the Set-Cookie of a session that goes on. */
  readonly answerFields?: readonly Field[];
  /**
   * What each request of this identity takes from limits of its own; see `IdentityLimits`. What is above
   * them gets a 429.
   */
  readonly charges?: readonly Charge[] | undefined;
}

/** Credentials that prove nothing. */
export class Rejection {
  /** What is wrong with them, as a clause for the client: "the token has expired". */
  readonly reason: string;
  /** A challenge that replaces the provider's usual one, for example with `error="invalid_token"`. */
  readonly challenge: string | undefined;

  constructor(reason: string, challenge?: string) {
    this.reason = reason;
    this.challenge = challenge;
  }
}

/**
 * A provider's verdict on a request: who sent it; that its credentials are wrong; an answer of its own,
 * like a redirect to a login page; or undefined if there are no credentials of its kind.
 */
export type Verdict = Proof | Rejection | Answer | undefined;

/** Finds out who sent a request. Created once per snapshot; serves many exchanges at a time. */
export interface AuthProvider {
  /** Throws a GatewayError if it cannot decide, for example because a key server is down. */
  authenticate(exchange: Exchange): Verdict | Promise<Verdict>;
  /** A challenge for WWW-Authenticate (RFC 9110 section 11.6.1), like `Basic realm="staff"`. */
  challenge(): string;
  /** Removes the credentials from the backend's request, which is the exchange's. */
  removeCredentials(outgoing: Outgoing, exchange: Exchange): void;
  /**
   * Whether clients send the credentials with every request, as browsers send cookies: they are then
   * removed on every route.
   */
  readonly areSentUnasked?: boolean;
  /**
   * Answers requests for pages of its own, like the one that a login comes back to. Asked for every
   * request, whether or not there is a route for it, and before the route's providers.
   */
  page?(exchange: Exchange): Answer | undefined | Promise<Answer | undefined>;
  /**
   * Lower-case names of fields besides `identity_headers` that it may give to backends, and that no
   * client may send them.
   */
  readonly fieldsForBackends?: readonly string[];
}

/** The names under which credentials travel, as they are written. None of their values is ever logged. */
export interface SecretNames {
  readonly headers?: readonly string[];
  readonly query?: readonly string[];
  readonly cookies?: readonly string[];
}

/** A kind of provider: its key below a name in `auth`, and how it is made. */
export interface ProviderDefinition<Config = unknown> {
  readonly kind: string;
  readonly schema: TSchema;
  check?(config: Config): ConfigIssue[];
  /** Finds conflicts among all providers of this kind; the path begins with a provider's name. */
  checkTogether?(configs: ReadonlyMap<string, Config>): ConfigIssue[];
  /** Where the configuration lets credentials come from. */
  secrets?(config: Config): SecretNames;
  /** `name` is the provider's name in the configuration, suitable as the realm of a challenge. */
  create(config: Config, services: PolicyServices, name: string): AuthProvider;
}

/** Makes sure that a definition's functions take what its schema decodes to. */
export function defineProvider<Schema extends TSchema>(
  definition: ProviderDefinition<StaticDecode<Schema>> & { readonly schema: Schema },
): ProviderDefinition {
  return definition;
}
