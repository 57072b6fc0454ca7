import { median } from "./median.ts";
import type { LoadResult } from "./wrk.ts";
import type { Workload } from "./workloads.ts";

/** One contestant at one workload in one round. */
export interface Measurement extends LoadResult {
  readonly workload: string;
  readonly contestant: string;
  readonly round: number;
  /** Microseconds of CPU, of all processes and threads of the contestant. */
  readonly cpu: number;
  /** Bytes: held at the end, and the most that was held meanwhile. */
  readonly resident: number;
  readonly peak: number;
}

/** Medians over the rounds of one contestant at one workload. */
export interface Summary {
  /** Requests, messages or MiB. */
  readonly perSecond: number;
  /** Microseconds of CPU for each of them. */
  readonly cpuEach: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly resident: number;
  readonly peak: number;
  readonly failures: number;
}

/** The measurements, and their results. */
export class Results {
  readonly measurements: Measurement[] = [];

  add(measurement: Measurement): void {
    this.measurements.push(measurement);
  }

  /** Undefined when that contestant was not put to that workload. */
  summary({ key, unit }: Pick<Workload, "key" | "unit">, contestant: string): Summary | undefined {
    const found = this.measurements.filter(
      (one) => one.workload === key && one.contestant === contestant,
    );
    if (found.length === 0) return undefined;
    const amount = (one: Measurement) => (unit === "MiB" ? one.bytes / 2 ** 20 : one.requests);
    const middle = (figure: (one: Measurement) => number) => median(found.map(figure));
    return {
      perSecond: middle((one) => amount(one) / one.seconds),
      cpuEach: middle((one) => one.cpu / amount(one)),
      p50: middle((one) => one.p50),
      p99: middle((one) => one.p99),
      resident: middle((one) => one.resident),
      peak: Math.max(...found.map((one) => one.peak)),
      failures: found.reduce((sum, one) => sum + one.failures, 0),
    };
  }

  /** How many requests of wrk a contestant has answered. */
  answered(contestant: string): number {
    return this.measurements
      .filter((one) => one.contestant === contestant)
      .reduce((sum, one) => sum + one.requests, 0);
  }
}
