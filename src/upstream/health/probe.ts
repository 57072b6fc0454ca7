/** Sends one GET and answers the status; rejects when no answer came. The signal ends it. */
export type Probe = (url: string, signal: AbortSignal) => Promise<number>;

/** Asks through the network. */
export async function fetchProbe(url: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, {
    signal,
    headers: { "user-agent": "gateway-health-check" },
    redirect: "manual",
    decompress: false,
    // HTTP_PROXY in the environment is not meant for our backends.
    proxy: false,
    // Only a connection of its own shows that the backend still accepts any.
    keepalive: false,
  });
  // The status says it all; reading on could last for ever.
  await response.body?.cancel();
  return response.status;
}

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
