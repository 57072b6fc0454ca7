import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { ownAnswer } from "../../pipeline/own-answer.ts";
import type { Challenges } from "./challenges.ts";

const FOLDER = "/.well-known/acme-challenge/";

/**
 * The page that an issuer reads (RFC 8555 section 8.3): it is there while its challenge is under way, and
 * goes before every route. At other times such a path is left to the routes.
 */
export function challengePage(
  { method, target: { path } }: Exchange,
  challenges: Pick<Challenges, "keyAuthorization">,
): Handler | undefined {
  if (!path.startsWith(FOLDER) || (method !== "GET" && method !== "HEAD")) return undefined;
  const content = challenges.keyAuthorization(path.slice(FOLDER.length));
  if (content === undefined) return undefined;
  return { handle: (exchange) => ownAnswer(exchange, "application/octet-stream", content) };
}
