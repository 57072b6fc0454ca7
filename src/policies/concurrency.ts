import { type StaticDecode, Type } from "@sinclair/typebox";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { definePolicy, type Policy, type PolicyServices } from "../pipeline/policy.ts";
import { keyReader, limitKeySchema, textOfKey } from "./limits/limit-key.ts";

const MOST = 1_000_000;

const limit = Type.Integer({
  minimum: 1,
  maximum: MOST,
  description: "How many requests may be in progress at a time.",
  expected: `a whole number from 1 to ${MOST}`,
});

const schema = Type.Union(
  [
    limit,
    Type.Object(
      {
        limit,
        key: limitKeySchema(
          'What the limit counts: `all` requests of the route together, those of each `client_ip` address (of each /64 network in IPv6), or those that have the same text, like `"{header.x-tenant}"`.',
        ),
      },
      { additionalProperties: false },
    ),
    Type.Literal(false),
  ],
  {
    description:
      "How many requests of this route may be in progress at a time, streams and WebSockets included, until their last byte; the others get a 429 at once. Protects what is slow where a rate says little. `false`: no limit, under a default.",
    expected: "a number of requests, or { limit, key }",
  },
);

type Config = StaticDecode<typeof schema>;

/** Limits how many exchanges are in progress at a time. */
export const concurrency = definePolicy({
  name: "concurrency",
  routeReplacesGlobal: false,
  route: { key: "concurrency", schema, create },
});

function create(config: Config, { keep }: PolicyServices): Policy | undefined {
  if (config === false) return undefined;
  const { limit: most, key } =
    typeof config === "number" ? ({ limit: config, key: "all" } as const) : config;
  const keyOf = keyReader(key) ?? (() => "");
  // A reload that changes the limit alone keeps the count.
  const inProgress = keep(textOfKey(key), () => new InProgress());
  return {
    name: "concurrency",

    request(exchange: Exchange) {
      const counted = keyOf(exchange);
      if (!inProgress.begin(counted, most)) {
        throw new GatewayError(
          "too_many_in_progress",
          `${most} ${most === 1 ? "request is" : "requests are"} already in progress; try again when one has ended`,
          { fields: { "retry-after": "1" } },
        );
      }
      exchange.whenOver(() => inProgress.end(counted));
      return undefined;
    },
  };
}

/** Counts by key. Keys without a request in progress are forgotten. */
class InProgress {
  readonly #counts = new Map<string, number>();

  /** False if there are so many already. */
  begin(key: string, most: number): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count >= most) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  end(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }
}
