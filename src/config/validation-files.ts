import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, type IsWhole, under } from "../pipeline/section.ts";
import { checkBodySchema } from "../policies/validate/body-schema.ts";
import { DocumentProblem } from "../policies/validate/documents/source.ts";
import { Api } from "../policies/validate/openapi/api.ts";
import { openApiOf, type ValidateConfig } from "../policies/validate/schema.ts";
import type { Config } from "./schema.ts";
import { checkDocumentPaths, type PathsOf } from "./validation-relations.ts";

/**
 * Finds mistakes in the files that routes are validated by. Each file is read once, however many routes
 * name it, and its mistakes are reported where it is named first.
 */
export function checkValidationFiles(
  { routes = [] }: Checkable<Config>,
  isWhole: IsWhole,
): ConfigIssue[] {
  const bodies = new Set<string>();
  const apis = new Apis();
  return routes.flatMap((route, index) => {
    const written: unknown = route === undefined ? undefined : Reflect.get(route, "validate");
    if (route === undefined || !written || !isWhole(written)) return [];
    const { body, openapi } = written as ValidateConfig;
    const issues: ConfigIssue[] = [];
    if (body !== undefined && !bodies.has(body)) {
      bodies.add(body);
      issues.push(...problemsOf(["body"], () => checkBodySchema(body)));
    }
    if (openapi !== undefined) {
      const { file, base_path: basePath } = openApiOf(openapi);
      const at = typeof openapi === "string" ? ["openapi"] : ["openapi", "file"];
      issues.push(...problemsOf(at, () => apis.check(file, basePath)));
    }
    return [
      ...under(["routes", index, "validate"], issues),
      ...under(["routes", index], checkDocumentPaths(route, isWhole, apis.pathsOf)),
    ];
  });
}

/** The OpenAPI documents of a configuration, each read once for each base path. */
class Apis {
  readonly #known = new Map<string, Api | undefined>();
  readonly #checked = new Set<string>();

  /** What is probably not meant, at the first time. Throws a DocumentProblem. */
  check(file: string, basePath: string | undefined): string[] {
    const key = keyOf(file, basePath);
    if (this.#checked.has(key)) return [];
    this.#checked.add(key);
    this.#known.set(key, undefined);
    const api = new Api(file, basePath);
    const remarks = api.check();
    this.#known.set(key, api);
    return remarks;
  }

  readonly pathsOf: PathsOf = (file, basePath) => {
    const key = keyOf(file, basePath);
    if (!this.#known.has(key)) {
      this.#known.set(key, undefined);
      problemsOf([], () => {
        this.#known.set(key, new Api(file, basePath));
        return [];
      });
    }
    return this.#known.get(key)?.paths;
  };
}

function keyOf(file: string, basePath: string | undefined): string {
  return JSON.stringify([file, basePath]);
}

/** What is wrong in another file, at the place that names it. */
function problemsOf(path: readonly string[], find: () => string[]): ConfigIssue[] {
  try {
    return find().map((message) => ({ path, message, severity: "warning" }));
  } catch (error) {
    if (error instanceof DocumentProblem) return [{ path, message: error.message }];
    throw error;
  }
}
