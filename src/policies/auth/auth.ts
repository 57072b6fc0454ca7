import { Answer } from "../../pipeline/answer.ts";
import { type ErrorCode, GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import { definePolicy, type Policy, type PolicyDefinition } from "../../pipeline/policy.ts";
import { keepFromSharedCaches } from "../../http/shared-caches.ts";
import { Charging, reportCharges } from "../limits/charging.ts";
import {
  type AuthProvider,
  type Proof,
  type ProviderDefinition,
  Rejection,
  type Verdict,
} from "./provider.ts";
import { type Named, Providers } from "./providers.ts";
import {
  checkNamedProviders,
  checkNames,
  type NamedProviders,
  namedProvidersSchema,
  providersIn,
  routeAuthSchema,
} from "./schema.ts";

/**
 * Authenticates the requests of routes that ask for it. Providers are defined at the top, by name;
 * without any kind of provider there is nothing to configure.
 */
export function authPolicy(registry: readonly ProviderDefinition[]): PolicyDefinition {
  if (registry.length === 0) return { name: "auth", routeReplacesGlobal: false };
  return definePolicy({
    name: "auth",
    routeReplacesGlobal: false,
    global: {
      key: "auth",
      schema: namedProvidersSchema(registry),
      check: (config) => checkNamedProviders(config as NamedProviders, registry),
      create: (config, services) => new Providers(config as NamedProviders, registry, services),
    },
    route: {
      key: "auth",
      schema: routeAuthSchema,
      checkReferences: (names, global) => checkNames(names, global as NamedProviders | undefined),
      create(auth, services, _name, global) {
        const names = providersIn(auth);
        if (names.length === 0) return undefined;
        if (!(global instanceof Providers)) throw new Error("there are no auth providers");
        const providers = names.map((name) => global.get(name));
        return new Authentication(providers, new Charging(services));
      },
    },
  });
}

/** Why one provider does not recognize the client. */
interface Refusal {
  readonly named: Named;
  /** Undefined if there were no credentials of its kind. */
  readonly verdict: Rejection | Answer | undefined;
  /** What it threw instead of a verdict. */
  readonly error?: unknown;
}

/** Admits a request if any of the route's providers recognizes its sender. */
class Authentication implements Policy {
  readonly name = "auth";
  readonly #providers: readonly Named[];
  /** Those whose credentials backends do not get, whichever of them a client is known by. */
  readonly #withheld: readonly AuthProvider[];
  readonly #charging: Charging;

  constructor(providers: readonly Named[], charging: Charging) {
    this.#providers = providers;
    this.#withheld = providers.flatMap(({ provider, passCredentials }) =>
      passCredentials ? [] : [provider],
    );
    this.#charging = charging;
  }

  request(exchange: Exchange): Answer | undefined | Promise<Answer | undefined> {
    return this.#ask(exchange, 0, []);
  }

  response(exchange: Exchange, answer: Answer): undefined {
    reportCharges(exchange, answer);
    const { answerFields } = exchange;
    if (answerFields === undefined) return;
    answer.fields.list.push(...answerFields);
    keepFromSharedCaches(answer.fields);
  }

  /** Asks the providers in order, from one on, until one recognizes the client. */
  #ask(
    exchange: Exchange,
    from: number,
    refusals: Refusal[],
  ): Answer | undefined | Promise<Answer | undefined> {
    for (let at = from; at < this.#providers.length; at += 1) {
      const named = this.#providers[at];
      if (named === undefined) break;
      let proof: Proof | undefined;
      try {
        const verdict = named.provider.authenticate(exchange);
        if (verdict instanceof Promise) return this.#askLater(exchange, at, refusals, verdict);
        proof = this.#accept(exchange, named, verdict, refusals);
      } catch (error) {
        refusals.push({ named, verdict: undefined, error });
      }
      if (proof !== undefined) return this.#charge(exchange, proof);
    }
    return refuse(exchange, refusals);
  }

  async #askLater(
    exchange: Exchange,
    at: number,
    refusals: Refusal[],
    pending: Promise<Verdict>,
  ): Promise<Answer | undefined> {
    const named = this.#providers[at];
    if (named !== undefined) {
      let proof: Proof | undefined;
      try {
        proof = this.#accept(exchange, named, await pending, refusals);
      } catch (error) {
        refusals.push({ named, verdict: undefined, error });
      }
      if (proof !== undefined) return this.#charge(exchange, proof);
    }
    return this.#ask(exchange, at + 1, refusals);
  }

  /** Takes a proof as the exchange's identity, and returns it; anything else is a refusal. */
  #accept(
    exchange: Exchange,
    named: Named,
    verdict: Verdict,
    refusals: Refusal[],
  ): Proof | undefined {
    if (verdict === undefined || verdict instanceof Rejection || verdict instanceof Answer) {
      refusals.push({ named, verdict });
      return undefined;
    }
    const { outgoing } = exchange;
    const { subject, claims, challenge, backendFields, answerFields } = verdict;
    exchange.identity = { provider: named.name, subject, claims, challenge };
    exchange.answerFields = answerFields;
    if (!named.passCredentials) {
      for (const provider of this.#withheld) provider.removeCredentials(outgoing, exchange);
    }
    const own = named.fields.of(exchange, verdict);
    if (backendFields === undefined) outgoing.addOwn(own);
    else setFields(outgoing, backendFields, own);
    return verdict;
  }

  /** Charges what the client may do with limits of its own. A refusal is final: it is known who it is. */
  #charge(exchange: Exchange, { charges }: Proof): undefined | Promise<undefined> {
    if (charges === undefined || charges.length === 0) return undefined;
    return this.#charging.charge(exchange, charges);
  }
}

/** What the operator writes replaces what the provider gives. */
function setFields(
  outgoing: Outgoing,
  given: NonNullable<Proof["backendFields"]>,
  own: readonly string[],
): void {
  for (const [name, value] of given) outgoing.set(name, value);
  for (let at = 0; at < own.length; at += 2) outgoing.set(own[at] ?? "", own[at + 1] ?? "");
}

/**
 * The outcome for a request that no provider recognizes: the first answer or error of a provider,
 * otherwise a 401 with all challenges.
 */
function refuse(exchange: Exchange, refusals: readonly Refusal[]): Answer {
  for (const refusal of refusals) {
    if ("error" in refusal) throw refusal.error;
    if (refusal.verdict instanceof Answer) {
      const code = REFUSALS[refusal.verdict.status];
      if (code !== undefined) exchange.fail(code, `refused by \`auth.${refusal.named.name}\``);
      return refusal.verdict;
    }
  }
  const reasons: string[] = [];
  const challenges: string[] = [];
  for (const { named, verdict } of refusals) {
    const rejection = verdict instanceof Rejection ? verdict : undefined;
    if (rejection !== undefined) reasons.push(rejection.reason);
    challenges.push(rejection?.challenge ?? named.provider.challenge());
  }
  const detail = reasons.length === 0 ? "this route asks for credentials" : reasons.join("; ");
  throw new GatewayError("unauthorized", detail, {
    fields: { "www-authenticate": [...new Set(challenges)].join(", ") },
  });
}

/** What a provider's own answer is in the row. A redirect to a login page is no error. */
const REFUSALS: Readonly<Record<number, ErrorCode>> = { 401: "unauthorized", 403: "forbidden" };
