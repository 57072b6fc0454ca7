import type { ProviderDefinition } from "../provider.ts";

/** Every kind of auth provider. While there is none, the configuration has no key `auth`. */
export const providerRegistry: readonly ProviderDefinition[] = [];
