import type { Condition, RoutedRequest } from "../../../src/routing/conditions/condition.ts";
import { openExchange } from "../pipeline/opening.ts";

const { client, request, fields } = openExchange();

/** A request for exactly this path, from a client that uses https or http. */
export function requestFor(path: string, query = "", protocol: "http" | "https" = "http") {
  const target = { host: "gateway.test", path, query };
  return { target, client: { ...client, protocol }, request, fields } satisfies RoutedRequest;
}

/** A condition on the query, which must contain the text. */
export function asksFor(text: string, weight = 1): Condition {
  return {
    text: `the query has ${text}`,
    weight,
    accepts: ({ target }) => target.query.includes(text),
  };
}
