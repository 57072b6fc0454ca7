import { type StaticDecode, Type } from "@sinclair/typebox";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy, type PolicyServices } from "../../pipeline/policy.ts";
import { keyReader, limitKeySchema, textOfKey } from "../limits/limit-key.ts";
import { InProgress } from "./in-progress.ts";
import { SharedPlaces } from "./shared-places.ts";

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
      "How many requests of this route may be in progress at a time, streams and WebSockets included, until their last byte; the others get a 429 at once. Protects what is slow where a rate says little. Gateways that share a `store` count together. `false`: no limit, under a default.",
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

function create(
  config: Config,
  { clock, keep, random, store }: PolicyServices,
  route: string,
): Policy | undefined {
  if (config === false) return undefined;
  const { limit: most, key } =
    typeof config === "number" ? ({ limit: config, key: "all" } as const) : config;
  const keyOf = keyReader(key) ?? (() => "");
  const text = textOfKey(key);
  // A reload that changes the limit alone keeps the count.
  const inProgress = keep(text, () => new InProgress());
  const shared = store && new SharedPlaces(JSON.stringify([route, text]), { store, clock, random });
  return {
    name: "concurrency",

    request(exchange: Exchange) {
      const counted = keyOf(exchange);
      if (!inProgress.begin(counted, most)) throw tooMany(most);
      exchange.whenOver(() => inProgress.end(counted));
      return shared && takeShared(shared, exchange, counted, most);
    },
  };
}

/** In addition to a place of this gateway: what it has in progress is part of what all have. */
async function takeShared(
  shared: SharedPlaces,
  exchange: Exchange,
  counted: string,
  most: number,
): Promise<undefined> {
  const place = await shared.take(counted, most);
  if (place === undefined) throw tooMany(most);
  exchange.whenOver(() => shared.release(place));
}

function tooMany(most: number): GatewayError {
  return new GatewayError(
    "too_many_in_progress",
    `${most} ${most === 1 ? "request is" : "requests are"} already in progress; try again when one has ended`,
    { fields: { "retry-after": "1" } },
  );
}
