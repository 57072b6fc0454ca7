import type { Exchange } from "./exchange.ts";

/**
 * The value of a request's field, by its name in lower case; null without one. A field that only a
 * trusted proxy may send is not there for anyone else's request, and one that only the gateway sends to
 * backends never is.
 */
export function clientField(
  { client, fields }: Pick<Exchange, "client" | "fields">,
  name: string,
): string | null {
  const value = fields.get(name);
  if (value === null) return null;
  const kind = fields.rules.kindOf(name);
  return kind === "own" || (kind === "claim" && !client.viaTrustedProxy) ? null : value;
}
