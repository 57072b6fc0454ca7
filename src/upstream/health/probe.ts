/**
 * Sends one GET and answers the status; rejects when no answer came. The signal ends it. `tls` says
 * how TLS is done with an https backend.
 */
export type Probe = (
  url: string,
  signal: AbortSignal,
  tls: Bun.TLSOptions | undefined,
) => Promise<number>;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was closed before an answer",
  ENOTFOUND: "the host name could not be resolved",
  EPROTO: "the TLS handshake failed",
};

/** Says in words why a probe rejected. Takes whatever can be thrown. */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return "the check itself failed";
  const code: unknown = "code" in error ? error.code : undefined;
  return (typeof code === "string" ? REASONS[code] : undefined) ?? error.message;
}
