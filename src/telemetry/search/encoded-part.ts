import type { PartSummary } from "./summary.ts";

/** A part of a block: what its summary says, and its data if it has any. */
export interface EncodedPart {
  readonly summary: PartSummary;
  readonly data?: Uint8Array;
}

export const NO_SUMMARY: PartSummary = { kind: "none" };
export const VALUES: PartSummary = { kind: "values" };

export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
