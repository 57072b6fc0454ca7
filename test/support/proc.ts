import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { eventually } from "./eventually.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import { requires } from "./requires.ts";

/** Whether the system describes its processes in /proc, as Linux does. */
export const hasProc = requires(process.platform === "linux", "/proc, as Linux has it");

/** The id of a gateway's process, found by the configuration file on its command line. */
export function pidOf(gateway: GatewayProcess): number {
  const folder = `${dirname(gateway.database)}/`;
  const found = readdirSync("/proc").find(
    (name) => /^[0-9]+$/.test(name) && commandLine(name).some((word) => word.startsWith(folder)),
  );
  if (found === undefined) throw new Error(`no process was started in ${folder}`);
  return Number(found);
}

/** Bytes of a process that are in memory. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(kilobytes?.[1]) * 1024;
}

/** How many files, sockets and pipes a process has open. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * Has bytes sent until none are accepted for a second, and returns the process's maximum growth.
 * `moved` counts the bytes sent so far.
 */
export async function growthUntilStuck(pid: number, moved: () => number): Promise<number> {
  const before = residentBytes(pid);
  let most = before;
  let last = -1;
  let since = performance.now();
  await eventually(() => {
    most = Math.max(most, residentBytes(pid));
    if (moved() !== last) {
      last = moved();
      since = performance.now();
    }
    return last > 0 && performance.now() - since > STUCK_MS;
  });
  return most - before;
}

const STUCK_MS = 1000;

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    // It has ended since the folder was read.
    return [];
  }
}
