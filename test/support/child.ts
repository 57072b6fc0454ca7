import { gatewayBinary } from "./gateway-binary.ts";
import { Lines } from "./lines.ts";
import type { Stage } from "./stage.ts";

/** A process of the executable under test. */
export interface Child {
  /** Standard output. */
  readonly lines: Lines;
  /** Standard error. */
  readonly errors: Lines;
  /** The exit code, once the process has ended and all of its output is here. */
  readonly exited: Promise<number>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

export interface ChildOptions {
  readonly cwd?: string;
  /** The whole environment but for PATH: nothing of the test's own leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command to run in place of the executable under test. */
  readonly command?: readonly string[];
}

/** Starts the executable under test; the stage ends it. */
export async function startChild(
  stage: Stage,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Child> {
  const child = Bun.spawn([...(options.command ?? [await gatewayBinary()]), ...args], {
    cwd: options.cwd ?? stage.folder(),
    env: { PATH: process.env["PATH"] ?? "", ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const lines = new Lines(child.stdout);
  const errors = new Lines(child.stderr);
  const exited = Promise.all([child.exited, lines.ended, errors.ended]).then(([code]) => code);
  stage.defer(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  return { lines, errors, exited, kill: (signal) => child.kill(signal) };
}

/** Runs the executable to its end. */
export async function runToEnd(
  stage: Stage,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = await startChild(stage, args, options);
  const code = await child.exited;
  return { code, out: child.lines.text, err: child.errors.text };
}
