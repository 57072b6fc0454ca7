import type { RequestFields } from "../../../../http/request-fields.ts";
import { visible } from "../../../../http/target.ts";
import type { Exchange } from "../../../../pipeline/exchange.ts";

/** Characters of the longest address that a login returns to: it has to fit into a cookie. */
const LONGEST_RETURN = 2_000;
const START = "/";

/**
 * Whether a person waits for this page in a browser, and can be sent to a login. Everything else, such as
 * what scripts fetch, is better told that it is not logged in.
 */
export function isNavigation({ method, fields }: Exchange): boolean {
  if (method !== "GET" || fields.upgrade !== null || isInAdvance(fields)) return false;
  const mode = fields.get("sec-fetch-mode");
  if (mode !== null) return mode === "navigate";
  // Browsers send Sec-Fetch-Mode over https and to localhost only, old ones never.
  if (fields.has("x-requested-with")) return false;
  return fields.get("accept")?.includes("text/html") === true;
}

/** Whether a page is fetched in advance, which nobody may ever look at. */
export function isInAdvance(fields: RequestFields): boolean {
  const purpose = fields.get("sec-purpose") ?? fields.get("purpose");
  return purpose?.includes("prefetch") === true;
}

/** The path and query of the page that was asked for. "/" if it is too long to be remembered. */
export function pageAskedFor({ target }: Exchange): string {
  return safeReturn(visible(target.path + target.query));
}

/**
 * A path and query for the Location of the same origin; "/" for everything else. After an origin no text
 * of this form leads to another one, and by itself neither: "//" and "/\" could begin a host.
 */
export function safeReturn(page: string): string {
  return page.length <= LONGEST_RETURN && PAGE.test(page) ? page : START;
}

const PAGE = /^\/(?![/\\])[!-[\]-~]*$/;
