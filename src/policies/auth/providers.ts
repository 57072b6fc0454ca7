import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Policy, PolicyServices } from "../../pipeline/policy.ts";
import { DEFAULT_FIELDS, IdentityFields } from "./identity-fields.ts";
import type { AuthProvider, ProviderDefinition } from "./provider.ts";
import type { NamedProviders } from "./schema.ts";

/** A provider as the configuration has it. */
export interface Named {
  readonly name: string;
  readonly provider: AuthProvider;
  readonly passCredentials: boolean;
  readonly fields: IdentityFields;
}

type Page = (exchange: Exchange) => ReturnType<NonNullable<AuthProvider["page"]>>;

/**
 * Every provider of a configuration. As a policy of all routes: no client can claim an identity to a
 * backend, and the providers' own pages are answered.
 */
export class Providers implements Policy {
  readonly name = "auth";
  readonly shownAs = "auth, the providers";
  readonly ownFields: readonly string[];
  readonly #byName: ReadonlyMap<string, Named>;
  readonly #pages: readonly Page[];
  /** Those whose credentials no backend gets, whatever its route asks for. */
  readonly #sentUnasked: readonly AuthProvider[];

  constructor(
    config: NamedProviders,
    registry: readonly ProviderDefinition[],
    services: PolicyServices,
  ) {
    const all = Object.entries(config).map(([name, written]): Named => {
      const definition = registry.find(({ kind }) => Object.hasOwn(written, kind));
      if (definition === undefined) throw new Error(`the auth provider ${name} has no kind`);
      return {
        name,
        provider: definition.create(written[definition.kind], services, name),
        passCredentials: written.pass_credentials,
        fields: new IdentityFields(written.identity_headers),
      };
    });
    this.#byName = new Map(all.map((named) => [named.name, named]));
    this.#pages = all.flatMap(({ provider }) =>
      provider.page === undefined ? [] : [(exchange: Exchange) => provider.page?.(exchange)],
    );
    this.#sentUnasked = all.flatMap(({ provider, passCredentials }) =>
      provider.areSentUnasked === true && !passCredentials ? [provider] : [],
    );
    const names = all.flatMap(({ fields, provider }) => [
      ...fields.names,
      ...(provider.fieldsForBackends ?? []),
    ]);
    this.ownFields = [...new Set([...DEFAULT_FIELDS, ...names])];
  }

  get(name: string): Named {
    const named = this.#byName.get(name);
    if (named === undefined) throw new Error(`there is no auth provider ${name}`);
    return named;
  }

  request(exchange: Exchange): ReturnType<Page> {
    for (const provider of this.#sentUnasked) {
      provider.removeCredentials(exchange.outgoing, exchange);
    }
    return this.#pages.length === 0 ? undefined : this.#page(exchange, 0);
  }

  /** What the first provider answers that has such a page, from one on. */
  #page(exchange: Exchange, from: number): ReturnType<Page> {
    for (let at = from; at < this.#pages.length; at += 1) {
      const answer = this.#pages[at]?.(exchange);
      if (answer instanceof Promise) return this.#pageLater(exchange, at, answer);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async #pageLater(
    exchange: Exchange,
    at: number,
    pending: Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    return (await pending) ?? this.#page(exchange, at + 1);
  }
}
