import { MissingRefError } from "ajv";
import { lostReference } from "./checks.ts";
import type { Library } from "./library.ts";
import { DocumentProblem } from "./source.ts";

/** What to tell the operator of an error that compiling a schema ended in. */
export function compilationProblem(library: Library, error: unknown): DocumentProblem {
  if (error instanceof DocumentProblem) return error;
  const root = library.documentAt(library.root)?.file ?? "";
  if (error instanceof MissingRefError) {
    const problem = lostReference(library, error.missingRef);
    return problem ?? new DocumentProblem(`${root}: there is nothing at \`${error.missingRef}\``);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new DocumentProblem(`${root}: the schema cannot be used: ${reason}`, { cause: error });
}
