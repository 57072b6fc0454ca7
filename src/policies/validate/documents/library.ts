import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DocumentProblem, SourceDocument } from "./source.ts";
import { type Path, resolved, split, walk } from "./walk.ts";
import { type Mapping } from "../../../units/mapping.ts";

const MOST_FILES = 1_000;
/** Schemas that every version of JSON Schema knows. */
const META = /^https?:\/\/json-schema\.org\//;

/** The document that a file begins, and all those that it refers to. Nothing is fetched. */
export class Library {
  /** The first file's URI. */
  readonly root: string;
  /** By URI; the first one is the root. */
  readonly documents = new Map<string, SourceDocument>();
  /** URIs that parts of documents give themselves. */
  readonly #ids = new Set<string>();

  /** Throws a DocumentProblem. */
  constructor(file: string) {
    this.root = pathToFileURL(resolve(file)).href;
    const waiting = [{ uri: this.root, document: SourceDocument.read(file) }];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { uri, document } = next;
      this.documents.set(uri, document);
      if (this.documents.size > MOST_FILES) {
        throw new DocumentProblem(`${file} refers to more than ${MOST_FILES} files`);
      }
      this.#noteIds(document, uri);
      for (const wanted of this.#wantedBy(document, uri)) {
        const isKnown =
          this.documents.has(wanted.uri) || waiting.some((one) => one.uri === wanted.uri);
        if (!isKnown) waiting.push({ uri: wanted.uri, document: SourceDocument.read(wanted.file) });
      }
    }
  }

  /** The names of all files. */
  get files(): string[] {
    return [...this.documents.values()].map(({ file }) => file);
  }

  /** The document that has a URI, or begins it; undefined if there is none. */
  documentAt(uri: string): SourceDocument | undefined {
    return this.documents.get(split(uri).document);
  }

  #noteIds(document: SourceDocument, uri: string): void {
    walk(document.value, uri, (node, base) => {
      if (typeof node["$id"] === "string") this.#ids.add(split(base).document);
    });
  }

  /** The files that a document refers to. */
  #wantedBy(document: SourceDocument, uri: string): { uri: string; file: string }[] {
    const wanted = new Map<string, string>();
    walk(document.value, uri, (node, base, path) => {
      for (const key of ["$ref", "$dynamicRef"]) {
        const reference = node[key];
        if (typeof reference !== "string") continue;
        const at = { document, path: [...path, key] };
        const target = this.#targetOf(reference, base, at);
        if (target !== undefined) wanted.set(target.uri, target.file);
      }
    });
    return [...wanted].map(([uri, file]) => ({ uri, file }));
  }

  /** Undefined if it is known. */
  #targetOf(
    reference: string,
    base: string,
    at: { readonly document: SourceDocument; readonly path: Path },
  ): { uri: string; file: string } | undefined {
    const whole = resolved(reference, base);
    if (whole === undefined) {
      throw at.document.problem(at.path, `\`${reference}\` is not a reference`);
    }
    const { document: uri } = split(whole);
    if (this.#ids.has(uri) || this.documents.has(uri) || META.test(uri)) return undefined;
    if (uri.startsWith("file:")) return { uri, file: this.#shown(fileURLToPath(uri)) };
    // Next to a file whose $id is a URL: https://example.com/schemas/a.json.
    const sibling = resolve(dirname(at.document.file), split(reference).document);
    if (!/^[a-z][a-z0-9+.-]*:/i.test(reference) && existsSync(sibling)) {
      return { uri, file: this.#shown(sibling) };
    }
    throw at.document.problem(
      at.path,
      `\`${reference}\` is not fetched; save it next to this file, and refer to it by a relative path`,
    );
  }

  /** A file's name for the operator. */
  #shown(file: string): string {
    const short = relative("", file);
    return short.startsWith("..") ? file : short;
  }
}

/** What a JSON pointer leads to; undefined if it leads nowhere (RFC 6901). */
export function follow(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Mapping)[step];
  }
  return at;
}

/** The steps of a pointer in a URI's fragment; undefined for one that is a name. */
export function stepsOf(fragment: string): string[] | undefined {
  if (fragment === "") return [];
  if (!fragment.startsWith("/")) return undefined;
  return fragment.slice(1).split("/").map(stepOf);
}

/** A step of a pointer as the key that it stands for. */
function stepOf(written: string): string {
  return decoded(written).replaceAll("~1", "/").replaceAll("~0", "~");
}

function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
