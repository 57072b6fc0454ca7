import type { Stage } from "./stage.ts";

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Lua that sets up or makes the requests; see wrk's SCRIPTING. */
  readonly script?: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  /** Requests that were not answered, or not with a status below 400. */
  readonly failures: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const REPORT = `
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"seconds":%.6f,"bytes":%.0f,"failures":%d,"p50":%.0f,"p99":%.0f,"max":%.0f}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
`;

/** A wrk that is running. */
export interface Driven {
  /** Rejects when wrk fails. */
  readonly result: Promise<LoadResult>;
  pause(): void;
  resume(): void;
}

/** Drives wrk against an address. Throws when wrk fails. */
export async function drive(stage: Stage, load: Load): Promise<LoadResult> {
  return (await startDriving(stage, load, "load")).result;
}

/** The same; `name` distinguishes those that run at the same time. */
export async function startDriving(stage: Stage, load: Load, name: string): Promise<Driven> {
  const script = await stage.write(`${name}.lua`, `${load.script ?? ""}\n${REPORT}`);
  const child = Bun.spawn(
    [
      "wrk",
      "-t1",
      `-c${load.connections}`,
      `-d${load.seconds}s`,
      "--timeout=10s",
      `--script=${script}`,
      load.url,
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  stage.ends(child);
  return {
    result: resultOf(child, load.url),
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
  };
}

async function resultOf(child: Bun.ReadableSubprocess, url: string): Promise<LoadResult> {
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const result = /^RESULT (.*)$/m.exec(out)?.[1];
  if ((await child.exited) !== 0 || result === undefined) {
    throw new Error(`wrk failed on ${url}: ${err}${out}`);
  }
  return JSON.parse(result) as LoadResult;
}

/** Lua for requests to each of `count` paths in turn, `%d` standing for 1 to `count`. */
export function pathsInTurn(pattern: string, count: number): string {
  return inTurn(`wrk.format("GET", string.format("${pattern}", n))`, count);
}

/** Lua for requests that a proxy passes on for each of `count` clients in turn. */
export function clientsInTurn(path: string, count: number): string {
  const address = `string.format("100.%d.%d.%d", 64 + math.floor(n / 65536), math.floor(n / 256) % 256, n % 256)`;
  return inTurn(`wrk.format("GET", "${path}", { ["X-Forwarded-For"] = ${address} })`, count);
}

// Made as they are needed: a hundred thousand at the beginning would take a part of the time.
function inTurn(expression: string, count: number): string {
  return `
local made, n = {}, 0
request = function()
  n = n % ${count} + 1
  local text = made[n]
  if text == nil then
    text = ${expression}
    made[n] = text
  end
  return text
end
`;
}
