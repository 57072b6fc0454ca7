import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { generate } from "./generate.ts";

/** Over so many days the rows are spread. */
export const DAYS = 90;

export interface GeneratedLog {
  readonly path: string;
  readonly rows: number;
  /** Whether it was there before. */
  readonly isReused: boolean;
}

/**
 * The access log of a folder, with rows, their index and 90 days of rollups. It is used again if it was made
 * with as many rows: generating ten million takes many minutes and 5 GB.
 */
export async function generatedLog(folder: string, rows: number): Promise<GeneratedLog> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "access.db");
  const notePath = join(folder, "access.json");
  const note = JSON.stringify({ rows, days: DAYS });
  if (existsSync(path) && existsSync(notePath) && readFileSync(notePath, "utf8").trim() === note) {
    return { path, rows, isReused: true };
  }
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  generate(path, rows, DAYS);
  await Bun.write(notePath, `${note}\n`);
  return { path, rows, isReused: false };
}

/** Bytes of the log, with what has not been moved into its file yet. */
export function sizeOf(path: string): number {
  return ["", "-wal"]
    .map((end) => `${path}${end}`)
    .filter((file) => existsSync(file))
    .reduce((sum, file) => sum + statSync(file).size, 0);
}
