import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import type { Checkable, IsWhole } from "../../pipeline/section.ts";
import { Expression } from "./expression.ts";

/** Without quotes, YAML makes 1.0 the number 1. */
const inQuotes = (written: string) => `write it in quotes: ${JSON.stringify(written)}`;
const anyText = () => Type.String({ expected: "text", advice: inQuotes });

const detailed = Type.Object(
  {
    present: Type.Optional(
      Type.Boolean({
        description: "true: there must be one, whatever its value. false: there must be none.",
      }),
    ),
    matches: Type.Optional(
      Type.Transform(
        Type.String({
          description:
            "A regular expression in the syntax of RE2, which takes linear time: without look-around and back-references. It matches anywhere in the value unless it is anchored with ^ and $, and never a value of more than 8192 characters.",
          minLength: 1,
          expected: "a regular expression, like ^v[0-9]+$",
        }),
      )
        .Decode(checkedExpression)
        .Encode((source) => source),
    ),
  },
  { additionalProperties: false },
);

/** What a value must be: exactly this text, one of several, there or not, or matched by an expression. */
export const valueTestSchema = Type.Union(
  [anyText(), Type.Array(anyText(), { minItems: 1 }), detailed],
  { expected: "a value, a list of values, `{ present: true }` or `{ matches: ^v[0-9]+$ }`" },
);

type WrittenTest = StaticDecode<typeof valueTestSchema>;

/** Finds tests that say nothing, or too much. */
export function checkValueTests(
  tests: Readonly<Record<string, Checkable<WrittenTest> | undefined>>,
  isWhole: IsWhole,
): ConfigIssue[] {
  return Object.entries(tests).flatMap(([name, test]): ConfigIssue[] => {
    if (typeof test === "string") return checkTexts(name, [test]);
    if (test === undefined) return [];
    if (isList(test)) return checkTexts(name, test);
    if (!isWhole(test)) return [];
    if ((test.present === undefined) !== (test.matches === undefined)) return [];
    const message = "write one of `present` and `matches`";
    return [{ path: [name], message }];
  });
}

/** Warns of values that are patterns elsewhere, but texts here. */
function checkTexts(name: string, texts: readonly (string | undefined)[]): ConfigIssue[] {
  const [only = "", ...others] = texts;
  const isAny = only === "*" || only === ".*";
  if (others.length > 0 || !(isAny || /^(?:~\s*|\/)?\^./.test(only))) return [];
  const message = isAny
    ? `\`${only}\` is compared as it stands; for any value, write \`{ present: true }\``
    : "this is compared as it stands; for a regular expression, write `{ matches: … }`";
  return [{ path: [name], message, severity: "warning" }];
}

/** A test of a value that may be absent. */
export class ValueTest {
  /** Completes a sentence: `is "2"`. */
  readonly text: string;
  /** All values that pass; undefined if they cannot be listed. */
  readonly values: readonly string[] | undefined;
  readonly #values: ReadonlySet<string> | undefined;
  readonly #expression: Expression | undefined;
  readonly #wantsPresent: boolean;

  constructor(written: WrittenTest) {
    const { values, present, matches } = partsOf(written);
    this.values = values;
    this.#values = values && new Set(values);
    this.#expression = matches === undefined ? undefined : new Expression(matches);
    this.#wantsPresent = present !== false;
    this.text = textOf(values, this.#expression, this.#wantsPresent);
  }

  /** Whether a value passes that is there; see `wantsPresent` for one that is not. */
  passes(value: string | undefined): boolean {
    if (value === undefined) return !this.#wantsPresent;
    if (this.#values !== undefined) return this.#values.has(value);
    if (this.#expression !== undefined) return this.#expression.test(value);
    return this.#wantsPresent;
  }

  /** Whether it depends on what the value is, and not just on whether there is one. */
  get isAboutContent(): boolean {
    return this.#values !== undefined || this.#expression !== undefined;
  }

  /** Whether only values pass that are there. */
  get wantsPresent(): boolean {
    return this.#wantsPresent;
  }

  /** Whether everything passes that passes another test, as far as that can be told. */
  covers(other: ValueTest): boolean {
    if (other.#wantsPresent !== this.#wantsPresent) return false;
    if (other.values !== undefined) return other.values.every((value) => this.passes(value));
    if (this.values !== undefined) return false;
    return this.#expression === undefined || this.#expression.source === other.#expression?.source;
  }
}

interface Parts {
  readonly values?: readonly string[];
  readonly present?: boolean | undefined;
  readonly matches?: string | undefined;
}

function partsOf(written: WrittenTest): Parts {
  if (typeof written === "string") return { values: [written] };
  return isList(written) ? { values: [...new Set(written)] } : written;
}

/** Array.isArray does not narrow lists that are read-only. */
function isList<Item>(value: readonly Item[] | object): value is readonly Item[] {
  return Array.isArray(value);
}

function textOf(
  values: readonly string[] | undefined,
  expression: Expression | undefined,
  wantsPresent: boolean,
): string {
  if (values !== undefined) return `is ${values.map((one) => JSON.stringify(one)).join(" or ")}`;
  if (expression !== undefined) return `matches ${expression.source}`;
  return wantsPresent ? "is there" : "is absent";
}

/** Throws an Error for an expression that cannot be used. Compiled again where it is used: a configuration is plain data. */
function checkedExpression(source: string): string {
  return new Expression(source).source;
}
