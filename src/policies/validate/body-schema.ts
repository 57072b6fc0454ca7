import type { Steps } from "../../time/slices.ts";
import type { MadeOfFiles } from "./from-files.ts";
import { compilationProblem } from "./documents/compilation.ts";
import { checkPatterns, checkSchema, remarksOn } from "./documents/checks.ts";
import { Library } from "./documents/library.ts";
import { isMapping } from "../../units/mapping.ts";
import { Compiler, draftOf, type Judge, LATEST } from "./schemas/compiler.ts";

/** A schema for the whole content of requests. */
export interface BodySchema extends MadeOfFiles {
  readonly judge: Judge;
}

/** Reads a file with a JSON Schema, and what it refers to. Throws a DocumentProblem. */
export function readBodySchema(file: string): BodySchema {
  const library = new Library(file);
  return { judge: compileRoot(library), files: library.files, prove };
}

/** It has been compiled already. */
function* prove(): Steps<void> {}

/** The same to find mistakes. Answers what is probably not meant; throws a DocumentProblem. */
export function checkBodySchema(file: string): string[] {
  const library = new Library(file);
  checkPatterns(library);
  compileRoot(library);
  return remarksOn(library);
}

function compileRoot(library: Library): Judge {
  const compiler = new Compiler(draftIn(library));
  try {
    for (const [uri, document] of library.documents) {
      const { value } = document;
      if (!isMapping(value) && typeof value !== "boolean") {
        throw document.problem([], "a schema is an object, like { type: object, properties: … }");
      }
      checkSchema(compiler, value, { document, path: [] });
      compiler.add(uri, value);
    }
    return compiler.compile({ $ref: library.root });
  } catch (error) {
    throw compilationProblem(library, error);
  }
}

function draftIn(library: Library) {
  const root = library.documentAt(library.root);
  const written = isMapping(root?.value) ? root.value["$schema"] : undefined;
  if (root === undefined || typeof written !== "string") return LATEST;
  const draft = draftOf(written);
  if (draft !== undefined) return draft;
  const message = `\`${written}\` is not understood; JSON Schema is understood in the versions 2020-12 (${LATEST}), 2019-09 and draft-07`;
  throw root.problem(["$schema"], message);
}
