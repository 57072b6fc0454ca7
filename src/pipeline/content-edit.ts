/** Changes a request's content as a whole. */
export interface ContentEdit {
  /** The largest content, in bytes, that is held in memory to be changed. */
  readonly largest: number;
  /** Returns the content to send instead; undefined if it stays as it came. */
  edit(content: Uint8Array): Uint8Array | undefined;
  /** In place of `edit`: the content is larger, and passes as it came. */
  tooLarge(): void;
}
