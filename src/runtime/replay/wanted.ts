import type { Field } from "../../http/field.ts";

/** How a request is to be sent again. */
export interface Wanted {
  /** Where to, in place of its backend: "http://localhost:9001", with a path to put in front; undefined for its backend. */
  readonly to?: string | undefined;
  /** In place of fields of the same names; an empty value removes them. */
  readonly fields?: readonly Field[];
  /** In place of parameters of the same names, decoded. */
  readonly parameters?: readonly (readonly [name: string, value: string])[];
  /** In place of the content that was kept. */
  readonly content?: Uint8Array | undefined;
  /** As the client sent it, without what its route changes of requests. */
  readonly isUnchanged?: boolean;
  /** Although not all of it was kept. */
  readonly isForced?: boolean;
  /** Somebody wants it although its method may change something. */
  readonly isConfirmed?: boolean;
  /** Whatever certificate `to` has. */
  readonly isInsecure?: boolean;
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
export const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
