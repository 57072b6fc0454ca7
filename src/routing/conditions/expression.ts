import { RE2JS, RE2JSException } from "re2js";

// The time for one value is proportional to its length and to the expression's size.
const LARGEST_SIZE = 250;
const LONGEST_VALUE = 8192;

/**
 * A regular expression that takes linear time whatever the value is: in the syntax of RE2, without
 * look-around and back-references. It matches anywhere in a value unless it is anchored.
 */
export class Expression {
  readonly source: string;
  readonly #compiled: RE2JS;

  /** Throws an Error for the operator if it is invalid or so large that matching would be slow. */
  constructor(source: string) {
    this.source = source;
    this.#compiled = compile(source);
    if (this.#compiled.programSize() > LARGEST_SIZE) {
      throw new Error(
        "the regular expression is too large; use fewer alternatives, or lower counts in {…}",
      );
    }
  }

  /** False for values of more than 8192 characters. */
  test(value: string): boolean {
    return value.length <= LONGEST_VALUE && this.#compiled.test(value);
  }
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    const hint = UNSUPPORTED.test(source)
      ? "; look-around and back-references cannot be matched in linear time"
      : "";
    throw new Error(`not a regular expression: ${reason}${hint}`, { cause: error });
  }
}

const UNSUPPORTED = /\(\?<?[=!]|\\[1-9k]/;
