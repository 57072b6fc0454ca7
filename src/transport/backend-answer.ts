import type { ContentReader } from "../pipeline/content.ts";
import type { FieldList } from "../http/field-list.ts";

/** A backend's answer: its header section, and access to its content. */
export interface BackendAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Without hop-by-hop fields. */
  readonly fields: FieldList;
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
