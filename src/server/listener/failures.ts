import { GatewayError } from "../../pipeline/errors.ts";

export function clientLeft(): GatewayError {
  return new GatewayError("client_closed", "the client left before the answer was complete");
}

/** Why an answer's content broke off. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const detail = "the answer's content failed in the gateway";
  return new GatewayError("internal_error", detail, { cause: error });
}
