/**
 * All checks, in the order in which they are quick to fail: format, lint, types, dead code, then the
 * tests, for whose end-to-end part the executable is built once. Ends with the first that fails.
 */
import { join } from "node:path";
import { TEST_TIMEOUT_MS } from "./support/patience.ts";

const ROOT = join(import.meta.dir, "..");
const BIN = join(ROOT, "node_modules", ".bin");

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["format", "oxfmt", "--check"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["types", "tsc", "--noEmit"],
  ["types of the page", "tsc", "--noEmit", "-p", "src/server/admin/page/app"],
  ["dead code", "knip", "--no-progress", "--no-config-hints"],
  // What only tests call is dead code too.
  ["dead code in production", "knip", "--no-progress", "--no-config-hints", "--production"],
  ["build", "bun", "build.ts"],
  [
    "tests",
    "bun",
    "test",
    "--coverage",
    "--only-failures",
    `--timeout=${TEST_TIMEOUT_MS}`,
    // Most of their time they wait, for processes and for what takes its time.
    "--parallel=2",
  ],
];

for (const [name, program = "", ...rest] of CHECKS) {
  await say(`── ${name}: ${[program, ...rest].join(" ")}`);
  const { exitCode, output } = await run(join(BIN, program), rest);
  if (name === "tests") {
    const [passed, skipped, failed] = ["pass", "skip", "fail"].map((one) => countOf(one, output));
    await say(`${passed} passed, ${skipped} skipped, ${failed} failed`);
  }
  if (exitCode !== 0) {
    await say(`── ${name} failed`);
    process.exit(1);
  }
}

/** Runs a program and passes on what it prints, keeping a copy of its standard error. */
async function run(program: string, rest: readonly string[]) {
  const child = Bun.spawn([program, ...rest], {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
    env: { ...process.env, PATH: `${BIN}:${process.env["PATH"] ?? ""}` },
  });
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  return { exitCode: await child.exited, output };
}

/** The test runner's own count, from the summary at the end of its output. */
function countOf(outcome: string, output: string): string {
  return [...output.matchAll(new RegExp(`^ *([0-9]+) ${outcome}$`, "gm"))].at(-1)?.[1] ?? "0";
}

async function say(line: string): Promise<void> {
  await Bun.write(Bun.stdout, `${line}\n`);
}
