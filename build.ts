/**
 * Builds the executable.
 *
 *   npm run build            dist/gateway for this machine
 *   npm run build -- --all   one for every platform, and dist/SHA256SUMS
 *   npm run docs             docs/configuration.md, from the schema
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { configurationReference } from "./src/config/reference.ts";
import { bundlePage } from "./src/server/admin/page/bundle.ts";
import { EMBEDDED } from "./src/server/admin/page/files.ts";
import packageJson from "./package.json" with { type: "json" };

const PLATFORMS = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
];
const OUTPUT = join(import.meta.dir, "dist");
const PAGE = join(OUTPUT, "page");

/** Flags for every executable. */
export const COMPILE_FLAGS: readonly string[] = [
  "--compile",
  // Bytecode halves the time to start, and needs ES modules for top-level await.
  "--bytecode",
  "--format=esm",
  "--minify-syntax",
  "--minify-whitespace",
  "--entry-naming=[name].[ext]",
  // The page's files are found in the executable by their names.
  "--asset-naming=[name].[ext]",
  // Otherwise a .env or bunfig.toml in the folder it is run from would change what it does.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  '--define=process.env.NODE_ENV="production"',
];

if (import.meta.main) {
  mkdirSync(OUTPUT, { recursive: true });
  if (process.argv.includes("--docs")) await writeReference();
  else {
    await writePage();
    if (process.argv.includes("--all")) await buildAll();
    else await build(join(OUTPUT, "gateway"));
  }
}

async function writeReference(): Promise<void> {
  await Bun.write(join(import.meta.dir, "docs", "configuration.md"), configurationReference());
}

/** Bundles the operator's page into files that go into the executable. */
async function writePage(): Promise<void> {
  const { script, styles } = await bundlePage();
  await Bun.write(join(PAGE, EMBEDDED.script), script);
  await Bun.write(join(PAGE, EMBEDDED.styles), styles);
}

async function buildAll(): Promise<void> {
  const sums: string[] = [];
  for (const platform of PLATFORMS) {
    const name = `gateway-${packageJson.version}-${platform}${platform.startsWith("windows") ? ".exe" : ""}`;
    const file = join(OUTPUT, name);
    await build(file, platform);
    const bytes = await Bun.file(file).bytes();
    sums.push(`${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`);
  }
  await Bun.write(join(OUTPUT, "SHA256SUMS"), sums.join(""));
}

async function build(outfile: string, platform?: string): Promise<void> {
  const started = performance.now();
  const arguments_ = [
    "build",
    ...COMPILE_FLAGS,
    `--define=process.env.GATEWAY_COMMIT=${JSON.stringify(commit(Bun.which("git")))}`,
    ...(platform === undefined ? [] : [`--target=bun-${platform}`]),
    `--outfile=${outfile}`,
    "src/main.ts",
    // A worker is found in the executable only if it is an entry point.
    "src/telemetry/access-log/access-log-worker.ts",
    "src/telemetry/query/query-worker.ts",
    "src/policies/quota/file/quota-worker.ts",
    "src/config/off-thread/config-worker.ts",
    // Files of a kind that the bundler does not know are embedded as they are.
    join(PAGE, EMBEDDED.script),
    join(PAGE, EMBEDDED.styles),
  ];
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...arguments_], {
    cwd: import.meta.dir,
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`bun build failed:\n${stderr.toString()}`);
  const size = (Bun.file(outfile).size / 2 ** 20).toFixed(0);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  await Bun.write(Bun.stdout, `${outfile}  ${size} MiB  ${seconds} s\n`);
}

/**
 * The commit being built, with a mark for uncommitted changes; empty without git or outside a
 * repository.
 */
export function commit(git: string | null): string {
  if (git === null) return "";
  const ask = (...arguments_: string[]) =>
    Bun.spawnSync([git, ...arguments_], { cwd: import.meta.dir, stderr: "ignore" })
      .stdout.toString()
      .trim();
  const hash = ask("rev-parse", "--short", "HEAD");
  return hash === "" || ask("status", "--porcelain") === "" ? hash : `${hash}+changes`;
}
