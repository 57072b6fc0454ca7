const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ConnectionRefused: "it refuses connections",
  ECONNRESET: "it closes the connection",
  ConnectionClosed: "it closes the connection",
  Malformed_HTTP_Response: "its answer is no HTTP",
  InvalidContentLength: "its answer has an invalid length",
  ENOTFOUND: "its name cannot be resolved",
  EAI_AGAIN: "its name cannot be resolved at the moment",
};

/** Why a request to another server failed, in the operator's words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it does not answer in time";
  const code = "code" in error ? String(error.code) : "";
  return (Object.hasOwn(REASONS, code) ? REASONS[code] : undefined) ?? error.message;
}
