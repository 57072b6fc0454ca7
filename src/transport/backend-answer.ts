import type { Channel } from "../pipeline/channel.ts";
import type { FieldList } from "../http/field-list.ts";
import type { IncomingContent } from "../pipeline/incoming-content.ts";

/** Maximum number of 1xx answers before the final one. */
export const MOST_INTERIM = 32;

/** A backend's answer: its header section, and its content. */
export interface BackendAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Without hop-by-hop fields. */
  readonly fields: FieldList;
  /** The connection, after a 101: the protocols of `upgrade` are spoken on it, and nobody else has it. */
  readonly channel: Channel | undefined;
  /** The Upgrade field of the answer; null without one. */
  readonly upgrade: string | null;
  /** Undefined if there is none, as in an answer to HEAD. */
  readonly content: IncomingContent | undefined;
}
