import type { ConfigIssue } from "../pipeline/policy.ts";
import type { Checkable, IsWhole } from "../pipeline/section.ts";
import { openApiOf, type ValidateConfig } from "../policies/validate/schema.ts";
import type { RouteConfig } from "./schema.ts";

/**
 * The paths of a document's operations below a base path, or below those of its servers; undefined if it
 * cannot be used, which is reported elsewhere.
 */
export type PathsOf = (file: string, base: string | undefined) => readonly string[] | undefined;

/** Warns of a document of which no operation is below the route's path, so that nothing is ever valid. */
export function checkDocumentPaths(
  route: Checkable<RouteConfig>,
  isWhole: IsWhole,
  pathsOf: PathsOf,
): ConfigIssue[] {
  const validate: unknown = Reflect.get(route, "validate");
  const { path } = route;
  if (path === undefined || !isWhole(validate) || !isOn(validate)) return [];
  const { openapi } = validate;
  if (openapi === undefined) return [];
  const { file, base_path: base, unknown_operations: unknown } = openApiOf(openapi);
  if (unknown === "pass" || isReached(pathsOf(file, base), path)) return [];
  const prefix = /^((?:\/[^/:*]+)*)\//.exec(path)?.[1] ?? "";
  const remedy = isReached(pathsOf(file, prefix), path)
    ? `write \`openapi: { file: ${file}, base_path: ${prefix || "/"} }\``
    : "is it another route's?";
  const message = `no operation of ${file} is at the path of this route, so every request would get a 404; ${remedy}`;
  return [{ path: ["validate", "openapi"], message, severity: "warning" }];
}

function isOn(validate: unknown): validate is ValidateConfig {
  return typeof validate === "object" && validate !== null;
}

function isReached(paths: readonly string[] | undefined, route: string): boolean {
  return paths === undefined || paths.length === 0 || paths.some((one) => overlap(one, route));
}

/** Whether a request may match both a path of a document and that of a route. */
function overlap(documented: string, route: string): boolean {
  const wanted = documented.split("/");
  const steps = route.split("/");
  for (const [at, step] of steps.entries()) {
    if (step.startsWith("*")) return wanted.length > at;
    const one = wanted[at];
    if (one === undefined) return false;
    if (!step.startsWith(":") && !one.includes("{") && one !== step) return false;
  }
  return wanted.length === steps.length;
}
