import { fullFormats } from "ajv-formats/dist/formats.js";
import { closest } from "../../../units/closest.ts";
import { Budget } from "../schemas/budget.ts";
import type { Compiler, JsonSchema } from "../schemas/compiler.ts";
import { patternsWithin } from "../schemas/patterns.ts";
import { detailOf } from "../faults.ts";
import type { Library } from "./library.ts";
import type { DocumentProblem, SourceDocument } from "./source.ts";
import { NAME_MAPS, type Path, resolved, walk } from "./walk.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";

/** Throws a DocumentProblem for the first thing in a schema that breaks the rules for schemas. */
export function checkSchema(
  compiler: Compiler,
  schema: JsonSchema,
  at: { readonly document: SourceDocument; readonly path: Path },
): void {
  const errors = compiler.check(schema);
  // Of alternatives that all do not fit, the last error is about the whole.
  const error = errors.find(({ keyword }) => keyword === "anyOf") ?? errors[0];
  if (error === undefined) return;
  const steps = error.instancePath.split("/").slice(1).map(unescaped);
  const key = steps.findLast((step) => !/^[0-9]+$/.test(step)) ?? "the schema";
  const detail = error.keyword === "anyOf" ? WANTED[key] : undefined;
  throw at.document.problem([...at.path, ...steps], `\`${key}\` ${detail ?? detailOf(error)}`);
}

const WANTED: Readonly<Record<string, string>> = {
  type: "must be string, number, integer, boolean, object, array or null, or a list of those",
};

function unescaped(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** Throws a DocumentProblem for a pattern that cannot be matched in linear time. */
export function checkPatterns(library: Library): void {
  const compile = patternsWithin(new Budget());
  const check = (pattern: string, document: SourceDocument, path: Path) => {
    try {
      compile(pattern);
    } catch (error) {
      throw document.problem(path, error instanceof Error ? error.message : String(error));
    }
  };
  for (const [uri, document] of library.documents) {
    walk(document.value, uri, (node, _base, path) => {
      const { pattern, patternProperties } = node;
      if (typeof pattern === "string") check(pattern, document, [...path, "pattern"]);
      if (!isMapping(patternProperties)) return;
      for (const key of Object.keys(patternProperties)) {
        check(key, document, [...path, "patternProperties", key]);
      }
    });
  }
}

/** What is probably not meant: warnings with their places. */
export function remarksOn(library: Library): string[] {
  const remarks: string[] = [];
  for (const [uri, document] of library.documents) {
    walk(document.value, uri, (node, _base, path) => {
      for (const [key, message] of remarksOf(node)) {
        remarks.push(document.problem([...path, key], message, "key").message);
      }
    });
  }
  return remarks;
}

function remarksOf(node: Mapping): (readonly [key: string, message: string])[] {
  const found: (readonly [string, string])[] = [];
  for (const key of Object.keys(node)) {
    const meant = KEYWORDS.has(key) ? undefined : closest(key, [...KEYWORDS]);
    if (meant !== undefined && looksLikeSchema(node)) {
      found.push([key, `\`${key}\` has no effect, did you mean \`${meant}\`?`]);
    }
  }
  const { format } = node;
  if (typeof format === "string" && looksLikeSchema(node) && !Object.hasOwn(fullFormats, format)) {
    found.push(["format", `the format \`${format}\` is not known, and not checked`]);
  }
  for (const key of ["$dynamicRef", "$recursiveRef"]) {
    if (Object.hasOwn(node, key)) {
      found.push([
        key,
        `\`${key}\` is followed only where it leads to a \`$dynamicAnchor\` of the schema in use`,
      ]);
    }
  }
  return found;
}

function looksLikeSchema(node: Mapping): boolean {
  return typeof node["type"] === "string" || isMapping(node["properties"]);
}

/** Where a reference stands that leads nowhere. */
export function lostReference(library: Library, target: string): DocumentProblem | undefined {
  let problem: DocumentProblem | undefined;
  for (const [uri, document] of library.documents) {
    walk(document.value, uri, (node, base, path) => {
      const reference = node["$ref"];
      if (problem !== undefined || typeof reference !== "string") return;
      if (reference !== target && resolved(reference, base) !== target) return;
      problem = document.problem([...path, "$ref"], `there is nothing at \`${reference}\``);
    });
  }
  return problem;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  ...NAME_MAPS,
  ..."$id $schema $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $recursiveRef $recursiveAnchor".split(
    " ",
  ),
  ..."allOf anyOf oneOf not if then else prefixItems items contains additionalProperties propertyNames".split(
    " ",
  ),
  ..."unevaluatedItems unevaluatedProperties type const enum multipleOf maximum exclusiveMaximum minimum".split(
    " ",
  ),
  ..."exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains".split(
    " ",
  ),
  ..."maxProperties minProperties required dependentRequired dependencies additionalItems format".split(
    " ",
  ),
  ..."contentEncoding contentMediaType contentSchema title description default deprecated readOnly".split(
    " ",
  ),
  ..."writeOnly examples example nullable discriminator xml externalDocs in name schema style explode".split(
    " ",
  ),
  ..."summary tags operationId requestBody responses servers security parameters callbacks url info".split(
    " ",
  ),
]);
