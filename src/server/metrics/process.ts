import { readdirSync, readFileSync, statSync } from "node:fs";
import { gauge, counter } from "../../telemetry/metrics/family.ts";
import { type MetricSource, single } from "../../telemetry/metrics/registry.ts";
import { freeDescriptor } from "../../transport/descriptors.ts";

export interface ProcessSubject {
  /** Unix epoch seconds. */
  readonly startedAt: number;
}

/** The process, under the names that Prometheus' own libraries use. */
export function processSources({ startedAt }: ProcessSubject): MetricSource[] {
  return [
    single(
      counter("process_cpu_seconds_total", "CPU time of all threads, user and system."),
      () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1_000_000;
      },
    ),
    single(gauge("process_resident_memory_bytes", "Resident memory."), () =>
      process.memoryUsage.rss(),
    ),
    single(gauge("process_virtual_memory_bytes", "Virtual memory."), virtualMemory),
    single(gauge("process_open_fds", "Open file descriptors."), () => openDescriptors()),
    single(gauge("process_max_fds", "The limit on open file descriptors."), () =>
      limitOfDescriptors(),
    ),
    single(gauge("process_start_time_seconds", "When the process began, in Unix time."), () => {
      return startedAt;
    }),
    single(
      gauge("gateway_heap_used_bytes", "Memory that the runtime's objects use."),
      () => process.memoryUsage().heapUsed,
    ),
  ];
}

/** Since Linux 6.2 the folder's size is their number; before, reading it costs 1 µs for each. */
export function openDescriptors(folder = "/proc/self/fd"): number {
  try {
    const { size } = statSync(folder);
    return size > 0 ? size : readdirSync(folder).length;
  } catch {
    // Not Linux: about as many.
    return freeDescriptor() ?? 0;
  }
}

/** NaN if unknown. */
export function limitOfDescriptors(file = "/proc/self/limits"): number {
  const limit = /^Max open files\s+(\S+)/m.exec(textOf(file))?.[1];
  return limit === "unlimited" ? Infinity : Number(limit);
}

function virtualMemory(): number {
  return Number(/^VmSize:\s+(\d+) kB/m.exec(textOf("/proc/self/status"))?.[1]) * 1024;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
