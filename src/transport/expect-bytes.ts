import { GatewayError } from "../pipeline/errors.ts";

const NOT_BYTES = /[^\0-\xFF]/;

/**
 * Each character of a request is sent as one byte; one that does not fit would become another one, a
 * line break for example. Throws a GatewayError if there is such a character.
 */
export function expectBytes(text: string): void {
  if (!NOT_BYTES.test(text)) return;
  throw new GatewayError("bad_request", "the request contains characters that HTTP cannot carry");
}
