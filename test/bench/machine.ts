import { availableParallelism, cpus, release, totalmem } from "node:os";

/** The cores to use, as taskset names them; without them all processes share all cores. */
export interface Cores {
  readonly contestant: string;
  readonly load: string;
}

/** One core for the contestants and the others for the load; undefined where that cannot be. */
export function divideCores(): Cores | undefined {
  const all = availableParallelism();
  if (all < 2 || Bun.which("taskset") === null) return undefined;
  return { contestant: "0", load: all === 2 ? "1" : `1-${all - 1}` };
}

/** Moves this process, and so all that it starts from now on, to the load's cores. */
export function moveToLoad(cores: Cores): void {
  Bun.spawnSync(["taskset", "-a", "-c", "-p", cores.load, `${process.pid}`], { stdout: "ignore" });
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly bun: string;
  readonly date: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    bun: Bun.version,
    date: new Date().toISOString().slice(0, 10),
  };
}
