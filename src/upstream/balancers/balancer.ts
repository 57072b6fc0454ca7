import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import type { Backend } from "../backend.ts";

/** How an upstream picks a backend. It is only ever given healthy ones. */
export interface Balancer {
  /**
   * Picks among these from now on. Called before the first pick, and when health, the list or a
   * backend's `currentWeight` changes.
   */
  balance(healthy: readonly Backend[]): void;
  /**
   * The backend for an exchange; undefined when there is none. Called for every request. With
   * `except`, which is never empty, it is for a further attempt: none of these may be picked.
   */
  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined;
  /**
   * An attempt was answered or has failed, so many milliseconds after its start. `hasFailed`: there was
   * no answer, of whatever status.
   */
  answered?(backend: Backend, milliseconds: number, hasFailed: boolean): void;
}

/** What a balancer may use. */
export interface BalancerServices {
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
}

/** A kind of balancer: its name, its settings and its behaviour, together. */
export interface BalancerDefinition<Settings = unknown> {
  /** As in `balance: round_robin`; with settings, as in `balance: { hash: … }`. */
  readonly name: string;
  /** For the reference: what it does, in a few words that follow its name. */
  readonly description: string;
  /**
   * The schema of the settings, for a balancer that has some. With a default, the name alone is valid.
   */
  readonly schema?: TSchema;
  /** Example settings, for a balancer that has some; the tests use them. */
  readonly example?: unknown;
  /** Makes the balancer of one upstream. It outlives reloads that do not change the upstream. */
  create(settings: Settings, services: BalancerServices): Balancer;
}

/** Checks a definition's `create` against its schema. */
export function defineBalancer<Schema extends TSchema>(
  definition: BalancerDefinition<StaticDecode<Schema>> & { readonly schema?: Schema },
): BalancerDefinition {
  return definition;
}

/** The current weights of backends, in their order. */
export function weightsOf(backends: readonly Backend[]): Float64Array<ArrayBuffer> {
  return Float64Array.from(backends, ({ currentWeight }) => currentWeight);
}
