/**
 * All checks, in the order in which they are quick to fail: format, lint, types, dead code, then the
 * tests, for whose end-to-end part the executable is built once. Ends with the first that fails.
 */
const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ["format", ["oxfmt", "--check"]],
  ["lint", ["oxlint", "--type-aware", "--deny-warnings"]],
  ["types", ["tsc", "--noEmit"]],
  ["dead code", ["knip", "--no-progress"]],
  ["build", ["bun", "build.ts"]],
  ["tests", ["bun", "test", "--coverage"]],
];

const bin = `${import.meta.dir}/../node_modules/.bin`;
for (const [name, [program = "", ...rest]] of CHECKS) {
  await Bun.write(Bun.stdout, `── ${name}: ${[program, ...rest].join(" ")}\n`);
  const { exitCode } = Bun.spawnSync([`${bin}/${program}`, ...rest], {
    cwd: `${import.meta.dir}/..`,
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` },
  });
  if (exitCode !== 0) {
    await Bun.write(Bun.stdout, `── ${name} failed\n`);
    process.exit(1);
  }
}
