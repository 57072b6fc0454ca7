/** Status codes of gRPC, as its specification numbers them. */
export const GrpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** Whether a Content-Type field is one of gRPC: "application/grpc", "application/grpc+proto". */
export function isGrpc(contentType: string | null): contentType is string {
  return contentType !== null && GRPC.test(contentType);
}

const GRPC = /^application\/grpc(?:$|[-+; \t])/i;

/**
 * What an HTTP status means to a gRPC client. 429 and 413 are limits that were reached, which clients
 * do not try again on, unlike on "unavailable".
 */
export function grpcStatusOf(status: number): number {
  return MEANINGS[status] ?? (status >= 500 ? GrpcStatus.internal : GrpcStatus.unknown);
}

/** What the status of a call means in HTTP, as far as the server is at fault; otherwise 200. */
export function httpStatusOf(grpcStatus: number): number {
  if (grpcStatus === GrpcStatus.unavailable) return 503;
  if (grpcStatus === GrpcStatus.deadlineExceeded) return 504;
  return SERVER_FAULTS.has(grpcStatus) ? 500 : 200;
}

const SERVER_FAULTS: ReadonlySet<number> = new Set([
  GrpcStatus.unknown,
  GrpcStatus.internal,
  GrpcStatus.dataLoss,
]);

const MEANINGS: Readonly<Record<number, number>> = {
  400: GrpcStatus.internal,
  401: GrpcStatus.unauthenticated,
  403: GrpcStatus.permissionDenied,
  404: GrpcStatus.unimplemented,
  405: GrpcStatus.unimplemented,
  408: GrpcStatus.deadlineExceeded,
  413: GrpcStatus.resourceExhausted,
  429: GrpcStatus.resourceExhausted,
  499: GrpcStatus.cancelled,
  501: GrpcStatus.unimplemented,
  502: GrpcStatus.unavailable,
  503: GrpcStatus.unavailable,
  504: GrpcStatus.deadlineExceeded,
};

/** The value of grpc-message for a text: UTF-8, percent-encoded except for visible ASCII and blanks. */
export function grpcMessage(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== PERCENT;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

const PERCENT = 0x25;

/** The text of a grpc-message; escapes that are not valid stay. */
export function grpcText(message: string): string {
  const bytes = message.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}

/** The status in a grpc-status field; undefined if it is not a whole number. */
export function readGrpcStatus(value: string | null | undefined): number | undefined {
  return value !== null && value !== undefined && /^[0-9]{1,3}$/.test(value)
    ? Number(value)
    : undefined;
}
