import { readFileSync, statSync } from "node:fs";
import { ConfigDocument } from "../../../documents/text/document.ts";
import { diagnosticLine } from "../../../documents/text/diagnostics.ts";

/** Why a document cannot be used, with the place in its file; for the operator. */
export class DocumentProblem extends Error {
  override readonly name = "DocumentProblem";
}

const LARGEST_BYTES = 16 * 2 ** 20;

/** A file with JSON or YAML in it, and the places of everything there. */
export class SourceDocument {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  #places: ConfigDocument | undefined;

  /** Throws a DocumentProblem. */
  static read(file: string): SourceDocument {
    return new SourceDocument(file, textOf(file));
  }

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.value = this.#parse();
  }

  /** A problem of the value at a path of keys and indexes. */
  problem(
    path: readonly (string | number)[],
    message: string,
    at: "key" | "value" = "value",
  ): DocumentProblem {
    this.#places ??= ConfigDocument.parse(this.file, this.text);
    if (this.#places.root === undefined) return new DocumentProblem(`${this.file}: ${message}`);
    return new DocumentProblem(diagnosticLine(this.#places.diagnose(path, message, { at })));
  }

  #parse(): unknown {
    // Reading YAML takes ten times as long.
    if (/^\s*(?:[{[]|true\s*$|false\s*$)/.test(this.text)) {
      try {
        return JSON.parse(this.text);
      } catch {
        // YAML in flow style, or a mistake whose place YAML's reader finds.
      }
    }
    this.#places = ConfigDocument.parse(this.file, this.text);
    const [first] = this.#places.diagnostics;
    if (first !== undefined) {
      // What is said of a configuration would not help here.
      const isMapping = !first.message.includes("`gateway init");
      const message = isMapping ? first.message : "expected JSON or YAML with keys and values";
      throw new DocumentProblem(diagnosticLine({ ...first, message }));
    }
    return this.#places.value();
  }
}

function textOf(file: string): string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new DocumentProblem(`${file} is not a file`);
    if (stats.size > LARGEST_BYTES) throw new DocumentProblem(`${file} is larger than 16 MiB`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof DocumentProblem) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new DocumentProblem(
      code === "ENOENT"
        ? /^https?:/i.test(file)
          ? `${file} is a URL, and nothing is fetched; download it, and name the file`
          : `${file} does not exist; relative paths start at the working directory`
        : `${file} cannot be read; ${code === "EACCES" ? "this user has no permission" : code}`,
      { cause: error },
    );
  }
}
