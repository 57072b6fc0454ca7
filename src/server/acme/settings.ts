import { defaultStorage } from "../../config/acme-schema.ts";
import type { Config } from "../../config/schema.ts";
import type { AcmeSettings } from "./renewals.ts";

/** The settings of a configuration; undefined if it names no issuer. */
export function acmeSettings({
  server,
  logging,
}: Pick<Config, "server" | "logging">): AcmeSettings | undefined {
  const acme = server.tls?.acme;
  if (acme === undefined) return undefined;
  return {
    domains: [...new Set(acme.domains.map((name) => name.toLowerCase()))],
    email: acme.email,
    directory: acme.directory,
    storage: acme.storage ?? defaultStorage(logging.database),
    challenges: server.port === "off" ? ["tls-alpn-01"] : ["http-01", "tls-alpn-01"],
  };
}
