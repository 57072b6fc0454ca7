import type { ContentReader } from "../pipeline/content.ts";
import type { FieldList } from "../http/field-list.ts";

/** What a backend answered: its header section, and a way to its content. */
export interface BackendAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Without those that were for one connection only. */
  readonly fields: FieldList;
  /** What the Content-Length field says, in bytes; undefined without one. */
  readonly contentLength: number | undefined;
  /**
   * All of the content, `length` bytes as Content-Length has it, at once where it has come already.
   * Rejects when it breaks off.
   */
  whole(length: number): Uint8Array | Promise<Uint8Array>;
  /** The content as it comes; undefined where there is none. */
  reader(): ContentReader | undefined;
}
