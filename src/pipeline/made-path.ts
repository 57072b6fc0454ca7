import { type EncodedSlashes, hasDotSegment, normalizePath } from "../http/path.ts";
import { GatewayError } from "./errors.ts";

/**
 * Normalizes a path that a route makes of a request. What a client could not send either, it cannot have
 * made: throws a GatewayError for it, and for an encoded slash where clients may not send one.
 */
export function normalizeMadePath(path: string, encodedSlashes: EncodedSlashes = "keep"): string {
  // Resolving it could lead out of what the route stands for.
  if (hasDotSegment(path)) throw refusal('the path contains a "." or ".." segment');
  const normal = normalizePath(path);
  if (typeof normal !== "string") throw refusal(normal.problem);
  if (encodedSlashes !== "keep" && ENCODED_SLASH.test(normal)) {
    throw refusal(
      "the path contains an encoded slash or backslash, which this route does not take",
    );
  }
  return normal;
}

const ENCODED_SLASH = /%(?:2F|5C)/;

function refusal(problem: string): GatewayError {
  return new GatewayError("invalid_path", `after rewriting, ${problem}`);
}
