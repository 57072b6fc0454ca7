import { audit } from "./audit.ts";
import { configuration, configurations } from "./configurations.ts";
import { exchange } from "./exchange.ts";
import { newer } from "./newer.ts";
import { page } from "./page.ts";
import type { Query } from "./query.ts";
import { refusals } from "./refusals.ts";
import { extent } from "./statistics/extent.ts";
import { lastUsed } from "./statistics/last-used.ts";
import { overview } from "./statistics/overview.ts";
import { statistics } from "./statistics/statistics.ts";

/** Every query by its name. One more is a file and a line here. */
export const queries = {
  page,
  newer,
  exchange,
  overview,
  statistics,
  lastUsed,
  extent,
  audit,
  configurations,
  configuration,
  refusals,
} as const satisfies Readonly<Record<string, Query<never, unknown>>>;

export type QueryName = keyof typeof queries;
export type RequestOf<Name extends QueryName> = Parameters<(typeof queries)[Name]>[1];
export type AnswerOf<Name extends QueryName> = ReturnType<(typeof queries)[Name]>;

export interface QueryOptions {
  /** Milliseconds that it may take, waiting included; 2000 by default. */
  readonly timeout?: number;
}

/** Asks for queries by their names. Rejects with a QueryError. */
export type Queries = {
  readonly [Name in QueryName]: (
    request: RequestOf<Name>,
    options?: QueryOptions,
  ) => Promise<AnswerOf<Name>>;
};

/** One function for each query. */
export function queriesBy(
  ask: <Name extends QueryName>(
    name: Name,
    request: RequestOf<Name>,
    options: QueryOptions,
  ) => Promise<unknown>,
): Queries {
  const names = Object.keys(queries) as QueryName[];
  return Object.fromEntries(
    names.map((name) => [
      name,
      (request: RequestOf<QueryName>, options: QueryOptions = {}) => ask(name, request, options),
    ]),
  ) as Queries;
}

export const DEFAULT_TIMEOUT = 2_000;
