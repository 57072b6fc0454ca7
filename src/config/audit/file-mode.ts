import { statSync } from "node:fs";

/** The permission bits of a file; none on systems without them. */
export function fileMode(file: string): number | undefined {
  if (process.platform === "win32") return undefined;
  return statSync(file, { throwIfNoEntry: false })?.mode;
}
