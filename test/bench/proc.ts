import { readdirSync, readFileSync, writeFileSync } from "node:fs";

// What the kernel counts CPU time in on every platform that Linux still runs on.
const TICKS_PER_SECOND = 100;

/** A process and all that it has started, as pids. */
function family(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map((name) => [Number(name), Number(statOf(Number(name))[1] ?? 0)] as const);
  const found = [pid];
  for (const parent of found) {
    found.push(...parents.filter(([, its]) => its === parent).map(([child]) => child));
  }
  return found;
}

/** The fields of /proc/PID/stat from the third on, after the name; none if it has ended. */
function statOf(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/**
 * Microseconds of CPU that a process has used up to now, user and system, in all its threads, its
 * children and those of them that have ended. To within 10 ms.
 */
export function cpuOf(pid: number): number {
  let ticks = 0;
  for (const member of family(pid)) {
    // utime, stime, cutime and cstime: fields 14 to 17 of proc(5).
    for (const field of statOf(member).slice(11, 15)) ticks += Number(field);
  }
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** Microseconds of CPU that each thread of a process has used up to now, without its children. */
export function threadTimes(pid: number): ReadonlyMap<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`);
  // Nanoseconds come first.
  const timeOf = (thread: string) => Number.parseInt(read(`/proc/${pid}/task/${thread}/schedstat`));
  return new Map(threads.map((thread) => [thread, (timeOf(thread) || 0) / 1_000]));
}

/** The CPU between two such moments, more exact than `cpuOf`; without that of threads that have ended. */
export function cpuBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): number {
  return [...after].reduce((sum, [thread, time]) => sum + time - (before.get(thread) ?? 0), 0);
}

/** Bytes of memory that a process and its children hold now, and the most since `forgetPeak`. */
export function memoryOf(pid: number): { resident: number; peak: number } {
  let resident = 0;
  let peak = 0;
  for (const member of family(pid)) {
    const status = read(`/proc/${member}/status`);
    resident += kibibytes(status, "VmRSS");
    peak += kibibytes(status, "VmHWM");
  }
  return { resident: resident * 1024, peak: peak * 1024 };
}

function kibibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*([0-9]+) kB$`, "m").exec(status)?.[1] ?? 0);
}

/** Resets the peak to the current size. */
export function forgetPeak(pid: number): void {
  for (const member of family(pid)) {
    try {
      writeFileSync(`/proc/${member}/clear_refs`, "5");
    } catch {
      // It has ended, or is another user's; then the peak is that of all its life.
    }
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
