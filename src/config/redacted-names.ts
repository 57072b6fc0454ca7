import { type RedactedNames, spelledAlike, USUAL_SECRETS } from "../pipeline/redaction.ts";
import type { ProviderDefinition } from "../policies/auth/provider.ts";
import { providerRegistry } from "../policies/auth/providers/registry.ts";
import type { NamedProviders } from "../policies/auth/schema.ts";
import type { Config } from "./schema.ts";

/** The names whose values a configuration keeps out of rows, lines and messages. */
export function redactedNames(
  config: Pick<Config, "logging">,
  registry: readonly ProviderDefinition[] = providerRegistry,
): RedactedNames {
  const { query, headers, except } = config.logging.redact;
  const usual = USUAL_SECRETS.query.filter(
    (name) => !except.some((other) => spelledAlike(name, other)),
  );
  const credentials = credentialNames(config, registry);
  return {
    query: [...usual, ...query, ...credentials.query],
    fields: [...USUAL_SECRETS.fields, ...headers, ...credentials.fields],
    cookies: credentials.cookies,
  };
}

/** The names under which auth providers get credentials. */
function credentialNames(
  config: object,
  registry: readonly ProviderDefinition[],
): Required<RedactedNames> {
  const providers = Reflect.get(config, "auth") as NamedProviders | undefined;
  const names = Object.values(providers ?? {}).flatMap((provider) =>
    registry.flatMap((definition) => {
      const { kind } = definition;
      const own = Object.hasOwn(provider, kind) ? definition.secrets?.(provider[kind]) : undefined;
      return own === undefined ? [] : [own];
    }),
  );
  return {
    query: names.flatMap(({ query = [] }) => query),
    fields: names.flatMap(({ headers = [] }) => headers),
    cookies: names.flatMap(({ cookies = [] }) => cookies),
  };
}
