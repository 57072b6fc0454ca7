import type { Field } from "../../http/field.ts";
import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { CACHE_STATUS, TAG_FIELDS } from "./stored-answer.ts";

/** Why a request went to the backend (RFC 9211 section 2.2). */
export type Forwarded = "bypass" | "method" | "uri-miss" | "vary-miss" | "request" | "stale";

/** What became of a request that was not answered by the cache alone. */
export interface Outcome {
  readonly why: Forwarded;
  /** The backend's status, if it is not the answer's. */
  readonly status?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
  readonly detail?: string;
  readonly ttl?: number;
}

/** The Cache-Status of an exchange that the backend took part in (RFC 9211). */
export function statusField(outcome: Outcome): Field {
  const { why, status, stored, collapsed, detail, ttl } = outcome;
  if (status === undefined && collapsed !== true) return (stored === true ? STORED : PASSED)[why];
  let value = `gateway; fwd=${why}`;
  if (status !== undefined) value += `; fwd-status=${status}`;
  if (stored === true) value += "; stored";
  if (collapsed === true) value += "; collapsed";
  if (ttl !== undefined) value += `; ttl=${ttl}`;
  if (detail !== undefined) value += `; detail=${detail}`;
  return CACHE_STATUS.with(value);
}

const PASSED = fieldsWith("");
const STORED = fieldsWith("; stored");

function fieldsWith(end: string): Readonly<Record<Forwarded, Field>> {
  const of = (why: Forwarded) => CACHE_STATUS.with(`gateway; fwd=${why}${end}`);
  return {
    bypass: of("bypass"),
    method: of("method"),
    "uri-miss": of("uri-miss"),
    "vary-miss": of("vary-miss"),
    request: of("request"),
    stale: of("stale"),
  };
}

/**
 * Adds the Cache-Status to an answer that has come from the backend. Its tags are for caches: only a
 * trusted proxy gets them.
 */
export function mark(answer: Answer, exchange: Exchange, outcome: Outcome): Answer {
  const { fields } = answer;
  exchange.cache = outcome.why;
  if (!exchange.client.viaTrustedProxy) fields.delete(TAG_FIELDS);
  fields.list.push(statusField(outcome));
  return answer;
}
