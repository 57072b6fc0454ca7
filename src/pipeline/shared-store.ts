import { hash } from "node:crypto";
import { GatewayError } from "./errors.ts";

/** A program that a store runs as one step, and how it is known there. */
export interface StoreScript {
  /** For messages: "rate limit". */
  readonly name: string;
  readonly source: string;
  /** Whether a reply has the form that it gives for so many keys: what answers may be no such server. */
  readonly gives: (reply: StoreReply, keys: number) => boolean;
}

/** What a script answers: Redis' types as the client decodes them. */
export type StoreReply = number | string | null | readonly StoreReply[];

/** For `StoreScript.gives`: a list of so many numbers. */
export function areNumbers(reply: StoreReply | undefined, count: number): boolean {
  return Array.isArray(reply) && reply.length === count && reply.every(Number.isFinite);
}

/** State that several gateways share. It may be slow or gone: each caller must handle that. */
export interface SharedStore {
  /**
   * What to do without it: go by what this gateway alone knows; admit everything; or refuse everything.
   */
  readonly onError: "local" | "allow" | "deny";
  /**
   * Runs a script with its keys and arguments. Rejects with a StoreUnavailable after the configured
   * timeout, and at once while the store is known to be away. What is asked in one turn of the event
   * loop travels together.
   */
  run(
    script: StoreScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
  ): Promise<StoreReply>;
}

/**
 * A key for what a client names: hashed, because that may be long, or a secret. `kind` is for people who
 * look into the store.
 */
export function hashedKey(kind: string, text: string): string {
  return `${kind}:${hash("sha256", text, "base64url").slice(0, HASH_LENGTH)}`;
}

/** Characters, for 132 bits. */
const HASH_LENGTH = 22;

/** The store did not answer in time, or is away. It has already been reported. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** The refusal where `onError` is "deny"; `what` cannot be done without the store. */
export function limitsUnavailable(what: string): GatewayError {
  return new GatewayError("limits_unavailable", `${what}; try again later`, {
    fields: { "retry-after": "1" },
  });
}
