import { readFileSync, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";

/** Larger files are refused: nobody writes them by hand, and reading them would take all memory. */
const LARGEST = 64 * 1024 * 1024;

/** Why a file cannot be used, for the operator; each problem is one line, with its place if it has one. */
export class FileProblem extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], cause?: unknown) {
    super(problems.join("; "), { cause });
    this.name = "FileProblem";
    this.problems = problems;
  }
}

/** The content of a file. Throws a FileProblem. */
export function readFileBytes(file: string): Buffer {
  try {
    checkFacts(file, statSync(file));
    return readFileSync(file);
  } catch (error) {
    throw asProblem(file, error);
  }
}

/** The text of a file in UTF-8. Throws a FileProblem. */
export function readTextFile(file: string): string {
  return asText(file, readFileBytes(file));
}

/** The same, later. Rejects with a FileProblem. */
export async function readTextFileLater(file: string): Promise<string> {
  try {
    checkFacts(file, await stat(file));
    return asText(file, await readFile(file));
  } catch (error) {
    throw asProblem(file, error);
  }
}

interface FileFacts {
  readonly size: number;
  isFile(): boolean;
}

function checkFacts(file: string, facts: FileFacts): void {
  if (!facts.isFile()) throw new FileProblem([`${file} is not a file`]);
  if (facts.size > LARGEST) throw new FileProblem([`${file} is larger than 64 MiB`]);
}

function asText(file: string, content: Buffer): string {
  try {
    return UTF_8.decode(content);
  } catch (error) {
    throw new FileProblem([`${file} is not text in UTF-8; convert it`], error);
  }
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

function asProblem(file: string, error: unknown): FileProblem {
  if (error instanceof FileProblem) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason =
    code === "EACCES" || code === "EPERM" ? "this user has no permission" : String(code ?? error);
  const problem =
    code === "ENOENT"
      ? `${file} does not exist; relative paths start at the working directory`
      : `${file} cannot be read: ${reason}`;
  return new FileProblem([problem], error);
}
