import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Metadata } from "./discovery.ts";
import { isInAdvance } from "./navigation.ts";
import type { OidcConfig } from "./schema.ts";

/**
 * Whether a person wants to log out: by a link or a form of the gateway's own origin, or at the address
 * bar. Other sites can lead a browser here as well, pages can be fetched in advance, and what somebody
 * has written on a page of this origin may be an image with this address.
 */
export function isMeant({ method, fields }: Exchange, origin: string | undefined): boolean {
  if (isInAdvance(fields)) return false;
  const mode = fields.get("sec-fetch-mode");
  if (method === "GET" && mode !== null && mode !== "navigate") return false;
  const site = fields.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  // Browsers send Sec-Fetch-Site over https and to localhost only, old ones never.
  const from = fields.get("origin") ?? fields.get("referer");
  return from !== null && origin !== undefined && URL.parse(from)?.origin === origin;
}

/**
 * The issuer's page that logs a person out there (OpenID Connect RP-Initiated Logout 1.0 section 2);
 * undefined if it has none.
 */
export function logoutAtIssuer(
  { end_session_endpoint: endpoint }: Metadata,
  config: OidcConfig,
  idToken: string | undefined,
  afterwards: string | undefined,
): string | undefined {
  const url = typeof endpoint === "string" ? URL.parse(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  url.searchParams.set("client_id", config.client_id);
  if (idToken !== undefined) url.searchParams.set("id_token_hint", idToken);
  if (afterwards !== undefined) url.searchParams.set("post_logout_redirect_uri", afterwards);
  return url.href;
}

/** Where a browser goes in the end; undefined if the configuration does not say. */
export function afterLogout(
  { after_logout: page }: OidcConfig,
  origin?: string,
): string | undefined {
  if (page?.startsWith("/") !== true) return page;
  return origin === undefined ? undefined : origin + page;
}
