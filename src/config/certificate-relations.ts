import type { ConfigIssue } from "../pipeline/policy.ts";

/** Finds providers that know clients by certificates for which the TLS port does not ask. */
export function checkCertificateProviders(
  config: object,
  isWritten: (path: readonly string[]) => boolean,
): ConfigIssue[] {
  const auth: unknown = Reflect.get(config, "auth");
  if (typeof auth !== "object" || auth === null) return [];
  if (isWritten(["server", "tls", "client_certificates"])) return [];
  return Object.entries(auth).flatMap(([name, provider]: [string, unknown]) => {
    const isMeant =
      typeof provider === "object" && provider !== null && "client_certificate" in provider;
    const message =
      "clients are not asked for certificates: name the authorities in `server.tls.client_certificates`, like `{ ca: clients-ca.pem, required: false }`";
    return isMeant ? [{ path: ["auth", name, "client_certificate"], message }] : [];
  });
}
