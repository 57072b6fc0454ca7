import { GrpcStatus } from "../../http/grpc.ts";
import type { GrpcHealth } from "./probe.ts";

/** The outcome of a check, and what to say of it. */
export interface PlainVerdict {
  readonly succeeded: boolean;
  /** What happened: "answered 503", "connection refused". */
  readonly reason: string;
  /** What the operator may do about it; undefined if the reason says it all. */
  readonly remedy?: string | undefined;
}

/** grpc.health.v1.HealthCheckResponse.ServingStatus, by its numbers. */
const SERVING_STATUS = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const SERVING = 1;

/** Judges an answer of gRPC's health service: only SERVING is a success. */
export function judgeGrpc(
  httpStatus: number,
  { status, message, serving }: GrpcHealth,
  service: string,
): PlainVerdict {
  if (status === undefined) {
    return {
      succeeded: false,
      reason: `answered ${httpStatus} without a grpc-status`,
      remedy: "is this the port of a gRPC server? If not, leave out `health_check.grpc`",
    };
  }
  if (status === GrpcStatus.unimplemented) {
    return {
      succeeded: false,
      reason: "has no grpc.health.v1.Health service",
      remedy: "add that service to the server, or set `health_check.grpc: false`",
    };
  }
  if (status === GrpcStatus.notFound) {
    return {
      succeeded: false,
      reason: `knows no service ${JSON.stringify(service)}`,
      remedy: "correct `health_check.grpc`; `true` asks about the whole server",
    };
  }
  if (status !== GrpcStatus.ok) {
    const words = message === "" ? "" : ` (${message})`;
    return { succeeded: false, reason: `answered grpc-status ${status}${words}` };
  }
  return {
    succeeded: serving === SERVING,
    reason: `answered ${SERVING_STATUS[serving ?? 0] ?? `status ${serving}`}`,
  };
}
