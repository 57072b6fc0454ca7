import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

const ROOT = join(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/gateway");
const LOCK = join(ROOT, "dist/.build-lock");
const SOURCES = ["{src,mock}/**/*.{ts,tsx,css}", "config/*.yaml", "{build.ts,package.json}"];

/** Path of the executable under test; built first where it is missing or older than its sources. */
export const gatewayBinary = once(async () => {
  if (isFresh()) return BINARY;
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  await eventually(takeLock);
  try {
    if (!isFresh()) await build();
  } finally {
    rmSync(LOCK, { force: true });
  }
  return BINARY;
});

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function isFresh(): boolean {
  const built = modifiedAt(BINARY);
  if (built === undefined) return false;
  return SOURCES.every((pattern) =>
    [...new Bun.Glob(pattern).scanSync(ROOT)].every(
      (file) => (modifiedAt(join(ROOT, file)) ?? 0) <= built,
    ),
  );
}

function modifiedAt(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

// Test files may run in separate processes, at the same time.
function takeLock(): boolean {
  try {
    const lock = openSync(LOCK, "wx");
    writeSync(lock, String(process.pid));
    closeSync(lock);
    return true;
  } catch {
    if (!isHeld()) rmSync(LOCK, { force: true });
    return false;
  }
}

function isHeld(): boolean {
  try {
    const holder = Number(readFileSync(LOCK, "utf8"));
    if (holder > 0) process.kill(holder, 0);
    return true;
  } catch {
    return false;
  }
}

async function build(): Promise<void> {
  const builder = Bun.spawn([process.execPath, "build.ts"], {
    cwd: ROOT,
    stdout: "ignore",
    stderr: "pipe",
  });
  const errors = await new Response(builder.stderr).text();
  if ((await builder.exited) !== 0) throw new Error(`the executable cannot be built:\n${errors}`);
}
