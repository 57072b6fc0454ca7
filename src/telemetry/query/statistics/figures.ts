import type { Sums } from "../../rollups/sums.ts";

/** What is said of some exchanges. Percentiles are null if none had a latency. */
export interface Figures {
  readonly requests: number;
  readonly errors: number;
  /** From 0 to 1. */
  readonly error_rate: number;
  readonly p50_ms: number | null;
  readonly p90_ms: number | null;
  readonly p99_ms: number | null;
  readonly bytes_in: number;
  readonly bytes_out: number;
}

export function figuresOf({ requests, errors, latencies, bytesIn, bytesOut }: Sums): Figures {
  const percentile = (share: number) => {
    const latency = latencies.percentile(share);
    return latency === undefined ? null : rounded(latency);
  };
  return {
    requests,
    errors,
    error_rate: requests === 0 ? 0 : errors / requests,
    p50_ms: percentile(0.5),
    p90_ms: percentile(0.9),
    p99_ms: percentile(0.99),
    bytes_in: bytesIn,
    bytes_out: bytesOut,
  };
}

/** Three digits: more than are known. */
const rounded = (latency: number): number => Number(latency.toPrecision(3));

/** Epoch seconds as text. */
export const timeText = (seconds: number): string => new Date(seconds * 1_000).toISOString();
