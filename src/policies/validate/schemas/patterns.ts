import { RE2JS, RE2JSException } from "re2js";
import type { Budget } from "./budget.ts";
import { isLinear } from "./linear.ts";

/** Larger expressions take too long for each character. */
const LARGEST_SIZE = 1_000;

interface Expression {
  readonly test: (text: string) => boolean;
}

/** How ajv makes the regular expressions of a schema; they run on clients' data. */
export function patternsWithin(budget: Budget) {
  const compile = (source: string): Expression & { toString(): string } => {
    const expression = isLinear(source) ? native(source) : undefined;
    const test = expression?.test ?? inLinearTime(source, budget);
    // What ajv tells expressions apart by.
    return { test, toString: () => `/${source}/u` };
  };
  return Object.assign(compile, { code: "patterns" });
}

/** Undefined for what only other dialects understand. */
function native(source: string): Expression | undefined {
  try {
    const expression = new RegExp(source, "u");
    return { test: (text) => expression.test(text) };
  } catch {
    return undefined;
  }
}

function inLinearTime(source: string, budget: Budget): Expression["test"] {
  const expression = compiled(source);
  if (expression.programSize() > LARGEST_SIZE) {
    throw new Error(
      `the pattern \`${source}\` is too large; use fewer alternatives, or lower counts in {…}`,
    );
  }
  return (text) => {
    budget.match(text.length);
    return expression.test(text);
  };
}

function compiled(source: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "").split("\n", 1)[0];
    const hint = UNSUPPORTED.test(source)
      ? "look-around and back-references cannot be matched in linear time"
      : reason;
    throw new Error(`the pattern \`${source}\` cannot be used: ${hint}`, { cause: error });
  }
}

const UNSUPPORTED = /\(\?<?[=!]|\\[1-9k]/;
