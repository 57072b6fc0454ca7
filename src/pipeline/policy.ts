import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Answer } from "./answer.ts";
import type { Clock } from "../time/clock.ts";
import type { Exchange } from "./exchange.ts";
import type { Keep } from "./keeping.ts";

/** One configured behaviour, as it stands in a route's chain. Made once per snapshot. */
export interface Policy {
  readonly name: string;
  /** Runs on the way in. An Answer ends the way in: nothing further is asked. */
  request?(exchange: Exchange): Answer | undefined | Promise<Answer | undefined>;
  /**
   * Runs on the way out, on every answer, errors too. It may change the answer's fields in place, or
   * return another answer, now or later, which is then sent in its place. An answer that reads the
   * content of the one before takes a reader of its body first.
   */
  response?(exchange: Exchange, answer: Answer): Replacement | Promise<Replacement>;
}

/** An answer in place of another; undefined where that stays. */
type Replacement = Answer | undefined;

/** What a policy may use of the world. */
export interface PolicyServices {
  readonly clock: Clock;
  /**
   * Keeps a policy's state across reloads: as long as the policy of the same route asks for the same
   * key, it gets the same thing back. The key has to say everything that the thing depends on.
   */
  readonly keep: Keep;
}

/** Something that is well-formed and yet wrong, or, as a warning, probably not meant. */
export interface ConfigIssue {
  /** Keys and indexes from the policy's own configuration to the culprit; empty for all of it. */
  readonly path: readonly (string | number)[];
  /** What is wrong and what to do about it. */
  readonly message: string;
  /** An error unless it says otherwise; a warning leaves the configuration valid. */
  readonly severity?: "error" | "warning";
}

/** A policy's place in the configuration: under a key at the top, or under a key of a route. */
export interface PolicyScope<Config = unknown> {
  readonly key: string;
  readonly schema: TSchema;
  check?(config: Config): ConfigIssue[];
  /** For a route: finds what does not fit with the policy's configuration at the top, if it has one. */
  checkReferences?(config: Config, global: unknown): ConfigIssue[];
  /**
   * `name` tells this one from others of its kind: "default" at the top, else the route's. A route's
   * policy gets the global one, which may hold what routes refer to.
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
  /** True where a route's own policy stands in place of the global one, not beside it. */
  readonly routeReplacesGlobal: boolean;
}

/** A scope whose functions take what its own schema decodes to. */
interface DecodedScope<Schema extends TSchema> extends PolicyScope<StaticDecode<Schema>> {
  readonly schema: Schema;
}

/** Holds a definition's functions to its schemas; whoever has decoded a value may forget them. */
export function definePolicy<
  GlobalSchema extends TSchema,
  RouteSchema extends TSchema,
>(definition: {
  readonly name: string;
  readonly global?: DecodedScope<GlobalSchema>;
  readonly route?: DecodedScope<RouteSchema>;
  readonly routeReplacesGlobal: boolean;
}): PolicyDefinition {
  return definition;
}
