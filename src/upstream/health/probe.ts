import type { Destination } from "../destination.ts";

/** What a check asks. */
export interface ProbeRequest {
  readonly to: Destination;
  /** The path that is requested with GET. */
  readonly path: string;
  /**
   * The service that gRPC's health service is asked about instead; empty for the whole server,
   * undefined without gRPC.
   */
  readonly grpcService: string | undefined;
}

/** The relevant parts of the answer to a check. */
export interface ProbeAnswer {
  readonly status: number;
  /** The Location field, of redirects. */
  readonly location: string | undefined;
  /** Of an answer by gRPC. */
  readonly grpc?: GrpcHealth | undefined;
}

/** The answer of gRPC's health service. */
export interface GrpcHealth {
  /** The status of the call; undefined if it has none, and so is no gRPC. */
  readonly status: number | undefined;
  readonly message: string;
  /** HealthCheckResponse.ServingStatus, 1 is SERVING; undefined without a response. */
  readonly serving: number | undefined;
}

/** Asks once and resolves to the answer; rejects if there is none. The signal ends it. */
export type Probe = (request: ProbeRequest, signal: AbortSignal) => Promise<ProbeAnswer>;
