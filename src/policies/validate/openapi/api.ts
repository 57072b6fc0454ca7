import { checkPatterns, remarksOn } from "../documents/checks.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";
import { runThrough, type Steps } from "../../../time/slices.ts";
import type { MadeOfFiles } from "../from-files.ts";
import { Description } from "./description.ts";
import { Operation } from "./operation.ts";
import { type Found, Paths } from "./paths.ts";
import { basePaths } from "./servers.ts";

/** The keys of a path's operations. */
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/** What an OpenAPI document says of requests. */
export class Api implements MadeOfFiles {
  readonly #description: Description;
  readonly #paths = new Paths<Operation>();
  readonly #operations: Operation[] = [];
  readonly #written = new Set<string>();

  /** `basePath` replaces those of the document's servers. Throws a DocumentProblem. */
  constructor(file: string, basePath: string | undefined) {
    this.#description = new Description(file);
    const { root } = this.#description;
    const { paths } = root;
    if (!isMapping(paths)) {
      if (root["components"] === undefined) {
        throw this.#description.problem([], "the document has no `paths`");
      }
      return;
    }
    for (const [path, written] of Object.entries(paths)) this.#add(path, written, basePath);
  }

  /** The files that were read for it. */
  get files(): string[] {
    return this.#description.library.files;
  }

  /** Paths as the document has them, below their bases: `/v1/users/{id}`. */
  get paths(): readonly string[] {
    return [...this.#written];
  }

  /** The operation for a method and a normal path. */
  find(method: string, path: string): Found<Operation> {
    return this.#paths.find(method, path);
  }

  *prove(): Steps<void> {
    for (const operation of this.#operations) yield* operation.compile();
  }

  /** Finds mistakes in all schemas. Answers what is probably not meant; throws a DocumentProblem. */
  check(): string[] {
    const { library } = this.#description;
    checkPatterns(library);
    runThrough(this.prove());
    return remarksOn(library);
  }

  #add(path: string, written: unknown, basePath: string | undefined): void {
    const description = this.#description;
    if (!path.startsWith("/")) {
      const message = `a path begins with "/", like \`/${path}\``;
      throw description.problem(["paths", path], message, "key");
    }
    const item = description.resolve(written);
    if (item === undefined)
      throw description.problem(["paths", path], "there is no such path item");
    for (const key of METHODS) {
      const own = item[key];
      if (!isMapping(own)) continue;
      const at = ["paths", path, key];
      const operation = new Operation(description, { item, own, path: at });
      this.#operations.push(operation);
      for (const base of this.#bases(item, own, basePath)) {
        this.#written.add(base + path);
        this.#paths.add(base + path, key.toUpperCase(), operation);
      }
    }
  }

  #bases(item: Mapping, own: Mapping, basePath: string | undefined): readonly string[] {
    if (basePath !== undefined) return [basePath.replace(/\/+$/, "")];
    return basePaths(own["servers"] ?? item["servers"] ?? this.#description.root["servers"]);
  }
}
