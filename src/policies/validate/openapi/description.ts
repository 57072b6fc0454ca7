import { compilationProblem } from "../documents/compilation.ts";
import { checkSchema } from "../documents/checks.ts";
import { follow, Library, stepsOf } from "../documents/library.ts";
import { DocumentProblem, type SourceDocument } from "../documents/source.ts";
import { type Path, split } from "../documents/walk.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";
import { Compiler, type JsonSchema, type Judge, LATEST } from "../schemas/compiler.ts";
import { converted, withoutReadOnly } from "./convert.ts";

/** References to references to references. */
const MOST_REFERENCES = 20;

/** An OpenAPI document with all that it refers to. */
export class Description {
  readonly library: Library;
  readonly source: SourceDocument;
  /** The document, with schemas of JSON Schema 2020-12. */
  readonly root: Mapping;
  readonly #documents = new Map<string, Mapping>();
  readonly #compiler = new Compiler(LATEST);

  /** Throws a DocumentProblem. */
  constructor(file: string) {
    this.library = new Library(file);
    const { root: uri } = this.library;
    const source = this.library.documentAt(uri);
    if (source === undefined) throw new DocumentProblem(`${file} cannot be read`);
    this.source = source;
    const is30 = isVersion30(source);
    for (const [at, document] of this.library.documents) {
      const value = converted(document.value, at, is30);
      if (isMapping(value)) this.#documents.set(at, value);
    }
    for (const document of this.#documents.values()) {
      withoutReadOnly(document, (schema) => this.resolve(schema)?.["readOnly"] === true);
    }
    for (const [at, document] of this.#documents) this.#compiler.add(at, document);
    this.root = this.#documents.get(uri) ?? {};
  }

  /** What a reference leads to, or the value itself; undefined if that is nothing. */
  resolve(value: unknown): Mapping | undefined {
    let at = value;
    for (let count = 0; count < MOST_REFERENCES && isMapping(at); count += 1) {
      const reference = at["$ref"];
      if (typeof reference !== "string") return at;
      const { document, fragment } = split(reference);
      const steps = stepsOf(fragment);
      at = steps && follow(this.#documents.get(document), steps);
    }
    return undefined;
  }

  /** Throws a DocumentProblem. */
  compile(schema: JsonSchema): Judge {
    try {
      return this.#compiler.compile(schema);
    } catch (error) {
      throw compilationProblem(this.library, error);
    }
  }

  /** Throws a DocumentProblem if a schema breaks the rules, with a place near `path`. */
  check(schema: JsonSchema, path: Path): void {
    checkSchema(this.#compiler, schema, { document: this.source, path });
  }

  /** A problem of the document at a path. */
  problem(path: Path, message: string, at?: "key"): DocumentProblem {
    return this.source.problem(path, message, at);
  }
}

/** Throws a DocumentProblem for other versions than 3.0 and 3.1. */
function isVersion30(source: SourceDocument): boolean {
  const { value } = source;
  const version = isMapping(value) ? value["openapi"] : undefined;
  if (typeof version === "string" && /^3\.[01]\.[0-9]+/.test(version)) {
    return version.startsWith("3.0");
  }
  if (isMapping(value) && value["swagger"] !== undefined) {
    throw source.problem(
      ["swagger"],
      "this is Swagger 2.0; convert it to OpenAPI 3, for example with swagger2openapi",
    );
  }
  const message =
    "an OpenAPI document begins with its version, like `openapi: 3.1.0`; 3.0 and 3.1 are understood";
  throw source.problem(version === undefined ? [] : ["openapi"], message);
}
