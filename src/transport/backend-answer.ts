import type { Channel } from "../pipeline/channel.ts";
import type { ContentReader } from "../pipeline/content.ts";
import type { FieldList } from "../http/field-list.ts";

/** A backend's answer: its header section, and access to its content. */
export interface BackendAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Without hop-by-hop fields. */
  readonly fields: FieldList;
  /** The connection, after a 101: the protocols of `upgrade` are spoken on it, and nobody else has it. */
  readonly channel: Channel | undefined;
  /** The Upgrade field of the answer; null without one. */
  readonly upgrade: string | null;
  /** The Content-Length field, in bytes; undefined without one. */
  readonly contentLength: number | undefined;
  /**
   * All of the content, `length` bytes as in Content-Length; synchronously if it has been received.
   * Rejects if it breaks off.
   */
  whole(length: number): Uint8Array | Promise<Uint8Array>;
  /** The content as a stream; undefined if there is none. */
  reader(): ContentReader | undefined;
}
