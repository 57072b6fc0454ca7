import { KindGuard, type TObject, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { ConfigNode, MappingNode, ScalarNode } from "../text/node.ts";
import { variableAdvice } from "../../units/variable.ts";
import { aliasesOf } from "./aliases.ts";
import { accepts } from "./schema-kinds.ts";
import { closest, plainForm } from "../../units/closest.ts";
import { homeOf } from "./suggest.ts";
import { code, describe, describeSecret, expectedBy, together } from "./words.ts";

const MOST_KEYS_LISTED = 16;

/**
 * The message for a value that does not fit its schema. It is logged at a reload, so it does not quote the
 * value if the schema has the option `isSecret`.
 */
export function mismatch(schema: TSchema, node: ConfigNode): string {
  const found = schema["isSecret"] === true ? describeSecret(node) : describe(node);
  const message = `expected ${expectedBy(schema)}, got ${found}`;
  if (KindGuard.IsArray(schema) && node.kind === "mapping" && node.entries.size > 0) {
    return `${message}; ${listAdvice(node)}`;
  }
  const inPlaceOfList: unknown = schema["listAdvice"];
  if (node.kind === "list" && typeof inPlaceOfList === "string") {
    return `${message}; ${inPlaceOfList}`;
  }
  if (node.kind !== "scalar" || node.origin !== "text") return message;
  const advice = adviceFor(schema, node) ?? settingAdvice(schema, node);
  if (advice !== undefined) return `${message}; ${advice}`;
  const forms: TSchema[] = KindGuard.IsUnion(schema) ? schema.anyOf : [schema];
  const literals = forms.filter((form) => KindGuard.IsLiteral(form));
  const near = closest(
    node.written,
    literals.map((literal) => String(literal.const)),
  );
  if (near !== undefined) return `${message}; did you mean ${code(near)}?`;
  // If a text schema has its own `expected`, only its pattern says whether a number can be meant.
  const isTextWanted = !("expected" in schema) || "pattern" in schema;
  const isUnquoted =
    isTextWanted && typeof node.value !== "string" && Value.Check(schema, node.written);
  return isUnquoted ? `${message}; put it in quotes` : message;
}

/** How the keys of a mapping become the items of a list. */
function listAdvice({ entries }: MappingNode): string {
  const [[key, value] = []] = entries;
  if (key?.startsWith("/")) return `write each as an item, like \`- path: ${key}\``;
  return value?.node.kind === "mapping"
    ? `its items have no names: write \`- \` in place of \`${key}:\``
    : "each item of a list begins with `- `";
}

/** The key of a section that a single value was probably meant for. */
function settingAdvice(schema: TSchema, { value, written }: ScalarNode): string | undefined {
  const form = KindGuard.IsUnion(schema)
    ? schema.anyOf.find((one) => KindGuard.IsObject(one))
    : schema;
  if (form === undefined || !KindGuard.IsObject(form)) return undefined;
  // A mapping with required keys is recognized by them.
  const { properties, required = [] } = form;
  const [, before = ""] = /^([\w-]+):\S/.exec(String(value)) ?? [];
  if (before in properties) return "a space is missing after the `:`";
  const needed = required.filter((one) => !("default" in (properties[one] ?? {})));
  const keys = needed.length > 0 ? needed : Object.keys(properties);
  const isPath = typeof value === "string" && value.startsWith("/") && keys.includes("path");
  const key = isPath
    ? "path"
    : keys.find((one) => properties[one] !== undefined && isMadeFor(properties[one], value));
  if (key === undefined) return undefined;
  const quoted = /^[\w./][\w./-]*$/.test(written) ? written : JSON.stringify(written);
  return `name the setting, like \`{ ${key}: ${quoted} }\``;
}

/** Whether a schema accepts a value, and not just because it accepts any text. */
function isMadeFor(schema: TSchema, value: ScalarNode["value"]): boolean {
  if (KindGuard.IsArray(schema)) {
    return (
      typeof value === "string" && /^(?:\*|https?:)/.test(value) && accepts(schema.items, "scalar")
    );
  }
  if (KindGuard.IsBoolean(schema) || KindGuard.IsObject(schema)) return false;
  const isAnyText = KindGuard.IsString(schema) && schema.pattern === undefined;
  return !isAnyText && Value.Check(schema, value);
}

/** The option `advice` of a schema: what to write instead of a text that does not fit. */
type Advice = (written: string) => string | undefined;

function adviceFor(schema: TSchema, { value, written }: ScalarNode): string | undefined {
  const forms: TSchema[] = KindGuard.IsUnion(schema) ? schema.anyOf : [];
  for (const form of [schema, ...forms]) {
    const own: Advice | undefined = form["advice"];
    const advice = own?.(written);
    if (advice !== undefined) return advice;
  }
  if (typeof value !== "string") return undefined;
  const variable = variableAdvice(value);
  if (variable !== undefined) return variable;
  if (/^-?[0-9]+(?:\.[0-9]+)?$/.test(value) && Value.Check(schema, Number(value))) {
    return "write it without quotes";
  }
  const isSwitch =
    KindGuard.IsBoolean(schema) ||
    (KindGuard.IsObject(schema) && Object.hasOwn(schema.properties, "enabled"));
  const takes = (other: boolean) => isSwitch || forms.some((form) => Value.Check(form, other));
  if (/^(?:yes|y|on|true|enabled)$/i.test(value)) return takes(true) ? "write `true`" : undefined;
  const isOff = /^(?:no|n|off|false|disabled|none)$/i.test(value);
  return isOff && takes(false) ? "write `false`" : undefined;
}

/** The answer to a key of other software. */
export interface KeyHint {
  readonly answer: string;
  /** The key of the same mapping with that meaning. */
  readonly means?: string | undefined;
}

/** Knowledge about keys that the schema does not have; `trail`: the keys that lead to their mapping. */
export interface KeyHints {
  hintFor(this: void, key: string, trail: readonly string[]): KeyHint | undefined;
  /** A hint that is meant for another place, if there is nothing better to say. */
  hintFromElsewhere(this: void, key: string, trail: readonly string[]): KeyHint | undefined;
  /** Whether a key that the schema has elsewhere means the same there. */
  isUnmistakable(this: void, key: string, trail: readonly string[]): boolean;
}

/** The message for an unknown key, and the valid key that was probably meant. */
export function unknownKey(
  key: string,
  {
    schema,
    trail,
    whole,
    hints,
  }: {
    readonly schema: TObject;
    readonly trail: readonly string[];
    readonly whole: TSchema;
    readonly hints: KeyHints | undefined;
  },
): { message: string; meant: string | undefined } {
  const keys = Object.keys(schema.properties);
  const meant = closest(key, [...keys, ...Object.keys(aliasesOf(schema) ?? {})]);
  const message = `unknown key ${code(key)}`;
  // A key of other software stays one, even if it is only a letter away from one of ours.
  const isSpelling = meant !== undefined && plainForm(meant) === plainForm(key);
  const hint = isSpelling ? undefined : hints?.hintFor(key, trail);
  const [, before] = /^([\w-]+):/.exec(key) ?? [];
  if (before !== undefined && keys.includes(before)) {
    return { message: `${message}; a space is missing after \`${before}:\``, meant: before };
  }
  if (hint !== undefined) {
    return { message: `${message}: ${hint.answer}`, meant: hint.means ?? meant };
  }
  if (meant !== undefined) return { message: `${message}, did you mean ${code(meant)}?`, meant };
  const hasHome = hints?.isUnmistakable(key, trail) ?? true;
  const home = hasHome ? homeOf(key, trail, whole) : undefined;
  if (home !== undefined) return { message: `${message}, it belongs ${home}`, meant };
  const other = hints?.hintFromElsewhere(key, trail);
  if (other !== undefined) return { message: `${message}: ${other.answer}`, meant };
  if (keys.length === 0) return { message, meant };
  if (keys.length > MOST_KEYS_LISTED) {
    const help = ["gateway help config", ...(trail.length === 0 ? [] : [trail.join(".")])].join(
      " ",
    );
    return { message: `${message}; ${code(help)} lists the valid ones`, meant };
  }
  const list = together(keys.map(code));
  const valid = keys.length === 1 ? `the only valid key is ${list}` : `valid keys: ${list}`;
  return { message: `${message}; ${valid}`, meant };
}

export function missingKeys(
  keys: readonly string[],
  schema: TObject,
  trail: readonly string[],
): string {
  const where = trail.length === 0 ? " at the top level" : "";
  const [only = "", ...others] = keys;
  if (others.length > 0) return `missing keys ${together(keys.map(code))}${where}`;
  const expected: unknown = schema.properties[only]?.["expected"];
  const name = [...trail, only].join(".");
  const what =
    typeof expected === "string"
      ? `; expected ${expected}`
      : `; \`gateway help config ${name}\` explains it`;
  return `missing key ${code(only)}${where}${what}`;
}
