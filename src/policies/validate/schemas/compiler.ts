import { Ajv, type ErrorObject, type Options, type ValidateFunction } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { bounded } from "./bounds.ts";
import { Budget, NOT_IN_TIME, TooCostly } from "./budget.ts";
import { formatsWithin } from "./formats.ts";
import { patternsWithin } from "./patterns.ts";
import { replaceKeywords } from "./own-keywords.ts";

/** The versions of JSON Schema that are understood, by what `$schema` says. */
const DRAFTS = {
  "https://json-schema.org/draft/2020-12/schema": Ajv2020,
  "https://json-schema.org/draft/2019-09/schema": Ajv2019,
  "http://json-schema.org/draft-07/schema": Ajv,
} as const;

export type Draft = keyof typeof DRAFTS;

export const LATEST: Draft = "https://json-schema.org/draft/2020-12/schema";

/** What `$schema` names; undefined if it is not understood. */
export function draftOf(written: string): Draft | undefined {
  const plain = written.replace(/#$/, "");
  return plain in DRAFTS ? (plain as Draft) : undefined;
}

export type JsonSchema = boolean | Readonly<Record<string, unknown>>;
export type SchemaError = ErrorObject;

/** Finds what is wrong with a value; throws a TooCostly if that would take too long. */
export type Judge = (value: unknown) => readonly SchemaError[];

/** Compiles schemas of one version to code that finds every fault of a value, up to a bound. */
export class Compiler {
  readonly #ajv: Ajv;
  readonly #budget = new Budget();

  constructor(draft: Draft) {
    const budget = this.#budget;
    const options: Options = {
      allErrors: true,
      // Unknown keywords have no effect, as the specification has it.
      strict: false,
      // Names like "constructor" are members only if they are written.
      ownProperties: true,
      messages: false,
      formats: formatsWithin(budget),
      // What has no effect is reported with its place, where mistakes are looked for.
      logger: false,
      // Schemas are checked on their own, where mistakes are given their place.
      validateSchema: false,
      code: { regExp: patternsWithin(budget), process: bounded },
    };
    this.#ajv = Object.assign(new DRAFTS[draft](options), { budget });
    replaceKeywords(this.#ajv, budget);
  }

  /** Makes a document known under a URI, so that schemas can refer to it and to what is in it. */
  add(uri: string, document: JsonSchema): void {
    this.#ajv.addSchema(document, uri);
  }

  /** What is wrong with a schema by the rules for schemas. */
  check(schema: JsonSchema): readonly SchemaError[] {
    return this.#ajv.validateSchema(schema) === true ? [] : (this.#ajv.errors ?? []);
  }

  /** Throws an Error for the operator if a reference leads nowhere, or a pattern cannot be used. */
  compile(schema: JsonSchema): Judge {
    const validate: ValidateFunction = this.#ajv.compile(schema);
    return (value) => {
      this.#budget.renew();
      if (isValid(validate, value)) return [];
      const errors = (validate.errors ?? []).filter((error) => error !== undefined);
      // The next value must not wait with this one's errors in memory.
      validate.errors = null;
      return errors;
    };
  }
}

function isValid(validate: ValidateFunction, value: unknown): boolean {
  try {
    return validate(value);
  } catch (error) {
    // A schema that refers to itself for the same value.
    if (error instanceof RangeError) throw new TooCostly(NOT_IN_TIME, { cause: error });
    throw error;
  }
}
