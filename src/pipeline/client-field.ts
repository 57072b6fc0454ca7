import type { Exchange } from "./exchange.ts";

/**
 * The value of a request's field, by its name in lower case; null without one. A field that only a
 * trusted proxy may send is not there for anyone else's request.
 */
export function clientField(
  { client, fields }: Pick<Exchange, "client" | "fields">,
  name: string,
): string | null {
  const value = fields.get(name);
  if (value === null || client.viaTrustedProxy) return value;
  return fields.rules.kindOf(name) === "claim" ? null : value;
}
