import { Answer } from "../../pipeline/answer.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import {
  definePolicy,
  type Policy,
  type PolicyDefinition,
  type PolicyServices,
} from "../../pipeline/policy.ts";
import { type AuthProvider, type ProviderDefinition, Rejection, type Verdict } from "./provider.ts";
import {
  asksForNothing,
  checkNamedProviders,
  checkNames,
  type NamedProvider,
  namedProvidersSchema,
  routeAuthSchema,
} from "./schema.ts";

/** The fields that tell a backend who sent a request. */
const SUBJECT_FIELD = "x-auth-subject";
const PROVIDER_FIELD = "x-auth-provider";

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
      create: (config, services) =>
        new Providers(createProviders(config as NamedProviders, registry, services)),
    },
    route: {
      key: "auth",
      schema: routeAuthSchema,
      checkReferences: (names, global) => checkNames(names, global as NamedProviders | undefined),
      create(names, _services, _name, global) {
        if (asksForNothing(names)) return undefined;
        if (!(global instanceof Providers)) throw new Error("there are no auth providers");
        return new Authentication(names.map((name) => global.get(name)));
      },
    },
  });
}

type NamedProviders = Readonly<Record<string, NamedProvider>>;

/** A provider as the configuration has it. */
interface Named {
  readonly name: string;
  readonly provider: AuthProvider;
  readonly passCredentials: boolean;
}

function createProviders(
  config: NamedProviders,
  registry: readonly ProviderDefinition[],
  services: PolicyServices,
): Named[] {
  return Object.entries(config).map(([name, written]) => {
    const definition = registry.find(({ kind }) => Object.hasOwn(written, kind));
    if (definition === undefined) throw new Error(`the auth provider ${name} has no kind`);
    const provider = definition.create(written[definition.kind], services, name);
    return { name, provider, passCredentials: written.pass_credentials };
  });
}

/**
 * Every provider of a configuration. As a policy of all routes: no client can claim an identity to a
 * backend.
 */
class Providers implements Policy {
  readonly name = "auth";
  readonly #byName: ReadonlyMap<string, Named>;

  constructor(providers: readonly Named[]) {
    this.#byName = new Map(providers.map((named) => [named.name, named]));
  }

  get(name: string): Named {
    const named = this.#byName.get(name);
    if (named === undefined) throw new Error(`there is no auth provider ${name}`);
    return named;
  }

  request({ outgoing }: Exchange): undefined {
    outgoing.remove(SUBJECT_FIELD);
    outgoing.remove(PROVIDER_FIELD);
  }
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

  constructor(providers: readonly Named[]) {
    this.#providers = providers;
  }

  request(exchange: Exchange): Answer | undefined | Promise<Answer | undefined> {
    return this.#ask(exchange, 0, []);
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
      try {
        const verdict = named.provider.authenticate(exchange);
        if (verdict instanceof Promise) return this.#askLater(exchange, at, refusals, verdict);
        if (accept(exchange, named, verdict, refusals)) return undefined;
      } catch (error) {
        refusals.push({ named, verdict: undefined, error });
      }
    }
    return refuse(refusals);
  }

  async #askLater(
    exchange: Exchange,
    at: number,
    refusals: Refusal[],
    pending: Promise<Verdict>,
  ): Promise<Answer | undefined> {
    const named = this.#providers[at];
    if (named !== undefined) {
      try {
        if (accept(exchange, named, await pending, refusals)) return undefined;
      } catch (error) {
        refusals.push({ named, verdict: undefined, error });
      }
    }
    return this.#ask(exchange, at + 1, refusals);
  }
}

/** Takes a proof as the exchange's identity; anything else is a refusal. */
function accept(exchange: Exchange, named: Named, verdict: Verdict, refusals: Refusal[]): boolean {
  if (verdict === undefined || verdict instanceof Rejection || verdict instanceof Answer) {
    refusals.push({ named, verdict });
    return false;
  }
  const { outgoing } = exchange;
  if (!named.passCredentials) named.provider.removeCredentials(outgoing);
  exchange.identity = { provider: named.name, subject: verdict.subject, claims: verdict.claims };
  outgoing.set(SUBJECT_FIELD, asFieldValue(verdict.subject));
  outgoing.set(PROVIDER_FIELD, named.name);
  return true;
}

/**
 * The outcome for a request that no provider recognizes: the first answer or error of a provider,
 * otherwise a 401 with all challenges.
 */
function refuse(refusals: readonly Refusal[]): Answer {
  for (const refusal of refusals) {
    if ("error" in refusal) throw refusal.error;
    if (refusal.verdict instanceof Answer) return refusal.verdict;
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
    fields: { "www-authenticate": challenges.join(", ") },
  });
}

/** Percent-encodes everything other than visible ASCII, so that any subject is one field value. */
function asFieldValue(subject: string): string {
  return subject.toWellFormed().replace(/[^!-$&-~]/gu, encodeURIComponent);
}
