import type { ProviderDefinition } from "../provider.ts";
import { apiKey } from "./api-key/api-key.ts";
import { basic } from "./basic/basic.ts";
import { clientCertificateProvider } from "./client-certificate/client-certificate.ts";
import { forward } from "./forward/forward.ts";
import { jwt } from "./jwt/jwt.ts";
import { oidc } from "./oidc/oidc.ts";

/** Every kind of auth provider. */
export const providerRegistry: readonly ProviderDefinition[] = [
  apiKey,
  basic,
  forward,
  clientCertificateProvider,
  jwt,
  oidc,
];
