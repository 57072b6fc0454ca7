import type { ProviderDefinition } from "../provider.ts";
import { clientCertificateProvider } from "./client-certificate/client-certificate.ts";

/** Every kind of auth provider. */
export const providerRegistry: readonly ProviderDefinition[] = [clientCertificateProvider];
