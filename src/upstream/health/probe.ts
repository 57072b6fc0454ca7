/** The relevant parts of the answer to a check. */
export interface ProbeAnswer {
  readonly status: number;
  /** The Location field, of redirects. */
  readonly location: string | undefined;
}

/**
 * Sends one GET and resolves to the head of its answer; rejects if there is none. The signal ends it.
 * `tls`: the TLS settings of an https backend.
 */
export type Probe = (
  url: string,
  signal: AbortSignal,
  tls: Bun.TLSOptions | undefined,
) => Promise<ProbeAnswer>;
