import { median } from "./median.ts";
import type { Stage } from "./stage.ts";
import type { LoadResult } from "./wrk.ts";

export interface Http2Load {
  readonly url: string;
  readonly connections: number;
  /** Requests at a time on each connection. */
  readonly streams: number;
  readonly seconds: number;
}

/** Drives h2load, over TLS or with prior knowledge as the address says. Throws when h2load fails. */
export async function driveHttp2(stage: Stage, load: Http2Load): Promise<LoadResult> {
  const log = stage.path("h2load.tsv");
  const child = Bun.spawn(
    [
      "h2load",
      "--threads=1",
      `--clients=${load.connections}`,
      `--max-concurrent-streams=${load.streams}`,
      `--duration=${load.seconds}`,
      "--warm-up-time=0",
      `--log-file=${log}`,
      load.url,
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const answered = figure(out, /, (\d+) succeeded,/);
  const bytes = figure(out, /^traffic: [^(]*\((\d+)\)/m);
  if ((await child.exited) !== 0 || answered === undefined || bytes === undefined) {
    throw new Error(`h2load failed on ${load.url}: ${err}${out}`);
  }
  // A line is: start, status, microseconds.
  const lines = (await Bun.file(log).text()).trimEnd().split("\n");
  const times = lines.map((line) => Number(line.split("\t")[2])).toSorted((a, b) => a - b);
  await Bun.file(log).delete();
  const failures = lines.filter((line) => !/^\d+\t[23]/.test(line)).length;
  return {
    requests: answered,
    seconds: load.seconds,
    bytes,
    failures,
    p50: median(times),
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    max: times.at(-1) ?? Number.NaN,
  };
}

function figure(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
