import { createHash, randomBytes } from "node:crypto";
import { readTextFile } from "../../../../documents/text-file.ts";
import type { PolicyServices } from "../../../../pipeline/policy.ts";
import { defineProvider } from "../../provider.ts";
import { checkOidc, checkOidcTogether } from "./check.ts";
import { Issuer } from "./issuer.ts";
import { Logins } from "./logins.ts";
import { type Kept, OidcProvider } from "./provider.ts";
import { RareLog } from "../../../rare-log.ts";
import { type OidcConfig, oidcSchema } from "./schema.ts";
import { Sealing } from "./sealing.ts";
import { secretsFor } from "./secrets.ts";
import { Sessions } from "./sessions.ts";

/** Logs people in, in browsers: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636). */
export const oidc = defineProvider({
  kind: "oidc",
  schema: oidcSchema,
  check: checkOidc,
  checkTogether: checkOidcTogether,
  secrets: ({ cookie }) => ({
    cookies: ["", "-1", "-2", "-3", "-4"].flatMap((part) => [
      `${cookie}${part}`,
      `__Host-${cookie}${part}`,
    ]),
    // The code that a browser brings back.
    query: ["code"],
  }),
  create: (config, services, name) => new OidcProvider(config, name, keep(config, services, name)),
});

function keep(config: OidcConfig, services: PolicyServices, name: string): Kept {
  const ca = config.ca === undefined ? undefined : readTextFile(config.ca);
  // A digest: the key of what is kept may be shown, and the configuration has secrets.
  const all = JSON.stringify([name, config, ca]);
  const digest = createHash("sha256").update(all).digest("base64url");
  const secrets = secretsFor(config) ?? ownSecret(services, name);
  const make = (): Kept => {
    const issuer = new Issuer(config, { ...services, ca }, name);
    // Read ahead, so that the first login does not wait and the operator learns of problems now.
    Promise.resolve(issuer.metadata()).catch(() => {});
    const log = new RareLog(services, "warn", `auth.${name}: `);
    const sealing = new Sealing(secrets, contextOf(config));
    const parts = { config, issuer, sealing, clock: services.clock, log };
    return { issuer, log, sessions: new Sessions(parts), logins: new Logins(parts) };
  };
  return services.keep(`oidc ${digest}`, make, ({ issuer }) => issuer.close());
}

/** A random secret that is the same after a reload. */
function ownSecret({ keep }: PolicyServices, name: string): readonly string[] {
  return keep(`oidc secret ${name}`, () => [randomBytes(32).toString("base64url")]);
}

/**
 * Nothing that another issuer or another client is behind is taken for a session or a login of this
 * provider, nor what another provider of the same client has made, which may ask less of people: whoever
 * has the cookie could give it another name. So the name is part of what is authenticated.
 */
function contextOf({ issuer, client_id: client, cookie }: OidcConfig): string {
  return JSON.stringify(["oidc", issuer, client, cookie]);
}
