import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Answer } from "./answer.ts";
import type { Clock } from "../time/clock.ts";
import type { Fetch } from "../http/fetch.ts";
import type { SharedStore } from "./shared-store.ts";
import type { Log } from "../units/log-level.ts";
import type { Exchange } from "./exchange.ts";
import type { Keep } from "./keeping.ts";
import type { Placeholder } from "./parsed-text.ts";

/** One configured behaviour in a route's chain. Created once per snapshot. */
export interface Policy {
  readonly name: string;
  /**
   * What decisions call it, if not by its name: as `gateway explain` does, or by its key and its part in
   * that. Empty for one that the route's configuration does not have: it is told of only if it acts.
   */
  readonly shownAs?: string;
  /** Whether it answers preflights. They are then routed like the requests that they ask about. */
  readonly answersPreflights?: boolean;
  /**
   * The names of fields that only this policy gives to backends. Clients' own are not passed on, in any
   * spelling and on any route.
   */
  readonly ownFields?: readonly string[];
  /** Runs on the way in. If it returns an Answer, the way in ends there. */
  request?(exchange: Exchange): Answer | undefined | Promise<Answer | undefined>;
  /**
   * Runs on the way out, on every answer, errors too. It may change the answer's fields in place, or
   * return another answer, now or later, which is then sent instead. An answer that reads the previous
   * one's content must first take a reader of its body.
   */
  response?(exchange: Exchange, answer: Answer): Replacement | Promise<Replacement>;
  /**
   * For a route's own policy: called once, when the route is complete, with what comes after this policy.
   * A policy that sends requests of its own, or decides what becomes of an answer before others see it,
   * answers in `request` with what `rest` answers.
   */
  leadsTo?(rest: Rest): void;
  /** What it does at a second place in the order; see `secondPartOf`. */
  readonly secondPart?: Policy | undefined;
}

/** The part of a route behind a policy: the policies after it, and the route's end. */
export interface Rest {
  /** Takes an exchange through it, in and out. Neither throws nor rejects: errors become problems. */
  handle(exchange: Exchange): Answer | Promise<Answer>;
  /** Whether `variantOf` ever says anything. */
  readonly hasVariants: boolean;
  /** See `Handler`. */
  variantOf(exchange: Exchange): string;
}

/** The answer to send instead; undefined keeps the given one. */
type Replacement = Answer | undefined;

/** What a policy may use. */
export interface PolicyServices {
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
  /**
   * Keeps a policy's state across reloads: as long as the policy of the same route asks for the same
   * key, it gets the same value. The key must contain everything that the value depends on.
   */
  readonly keep: Keep;
  /** The same, for what all policies of this kind share, whatever their route. */
  readonly share: Keep;
  /** For the operator. Nothing that clients can cause at will is logged without a limit. */
  readonly log: Log;
  /** Milliseconds without content moving towards a client; 0 sets no limit. */
  readonly idleTimeout: number;
  /** Milliseconds without content arriving from a client; 0 sets no limit. */
  readonly requestTimeout: number;
  /** For what the gateway asks on its own behalf. It has no time limit of its own. */
  readonly fetch: Fetch;
  /**
   * The path of a file for state that outlives the process, next to the access log: with `gateway.db` and
   * the name "quotas", gateway-quotas.db. ":memory:" if the log is there too.
   */
  readonly databaseFor: (name: string) => string;
  /** State shared with other gateways; undefined without `store`. */
  readonly store: SharedStore | undefined;
  /** For a route's policy: what the configuration says of what comes after it. */
  readonly behind: () => Behind;
}

/** What a route's configuration says of what comes after a policy. */
export interface Behind {
  /** The placeholders of texts that can change what a backend is asked, or what it answers. */
  readonly placeholders: readonly Placeholder[];
  /** Another one after every change that could make other answers of the same backends' answers. */
  readonly fingerprint: string;
}

/** A well-formed setting that is wrong or, as a warning, probably not meant. */
export interface ConfigIssue {
  /** Keys and indexes from the policy's own configuration to the culprit; empty for all of it. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what to do about it. */
  readonly message: string;
  /** Where in a text the culprit starts, in UTF-16 code units from 0. */
  readonly offset?: number;
  /** An error by default; a warning leaves the configuration valid. */
  readonly severity?: "error" | "warning";
}

/** A policy's place in the configuration: under a key at the top, or under a key of a route. */
export interface PolicyScope<Config = unknown> {
  readonly key: string;
  readonly schema: TSchema;
  check?(config: Config): ConfigIssue[];
  /** For a route: finds conflicts with the policy's configuration at the top, if it has one. */
  checkReferences?(config: Config, global: unknown): ConfigIssue[];
  /**
   * `name` distinguishes policies of the same kind: "default" at the top, otherwise the route's. A
   * route's policy gets the global one, to which routes may refer.
   */
  create(
    config: Config,
    services: PolicyServices,
    name: string,
    global?: Policy,
  ): Policy | undefined;
}

/** A kind of policy: its configuration and its behaviour, together. */
export interface PolicyDefinition {
  readonly name: string;
  readonly global?: PolicyScope;
  readonly route?: PolicyScope;
  /**
   * Creates a policy for all routes, in place of one configured at the top, as soon as one route has a
   * policy of this kind: that one may have to know what passes on other routes.
   */
  beside?(services: PolicyServices): Policy;
  /** True if a route's own policy replaces the global one instead of adding to it. */
  readonly routeReplacesGlobal: boolean;
  /** For an entry of the registry that is only a place: the kind whose `secondPart` runs there. */
  readonly secondPartOf?: string;
}

/** The second place in the order of a kind of policy that takes part at two. It comes after the first. */
export function secondPartOf({ name }: PolicyDefinition): PolicyDefinition {
  return { name: `${name}, second part`, routeReplacesGlobal: false, secondPartOf: name };
}

/** A scope whose functions take the values of its schema. */
interface DecodedScope<Schema extends TSchema> extends PolicyScope<StaticDecode<Schema>> {
  readonly schema: Schema;
}

/** Checks a definition's functions against its schemas, and hides the types. */
export function definePolicy<
  GlobalSchema extends TSchema,
  RouteSchema extends TSchema,
>(definition: {
  readonly name: string;
  readonly global?: DecodedScope<GlobalSchema>;
  readonly route?: DecodedScope<RouteSchema>;
  beside?(services: PolicyServices): Policy;
  readonly routeReplacesGlobal: boolean;
}): PolicyDefinition {
  return definition;
}
