import { type FormatName, fullFormats } from "ajv-formats/dist/formats.js";
import type { Format } from "ajv";
import type { Budget } from "./budget.ts";

/** Longer texts count towards the budget: not every format is tested in linear time. */
const SHORT = 256;
/** Tested in linear time, and often of long texts. */
const LINEAR: ReadonlySet<string> = new Set(["byte", "binary", "password"]);

/** Tested in quadratic time: of texts twice as long, each character takes twice as long. */
const QUADRATIC: ReadonlySet<string> = new Set(["url"]);
/** Characters that each add as much to the time as matching takes for one elsewhere. */
const UNIT = 1_024;

/** The formats that schemas may ask for. */
export function formatsWithin(budget: Budget): Record<string, Format> {
  return Object.fromEntries(
    (Object.keys(fullFormats) as FormatName[]).map((name) => {
      const format = fullFormats[name];
      return [name, format === undefined ? true : counted(name, format, budget)];
    }),
  );
}

function counted(name: string, format: Format, budget: Budget): Format {
  if (LINEAR.has(name)) return format;
  const test = testOf(format);
  if (test === undefined) return format;
  const costOf = QUADRATIC.has(name)
    ? (length: number) => length * Math.ceil(length / UNIT)
    : (length: number) => length;
  return {
    type: "string",
    validate(text: string) {
      if (text.length > SHORT) budget.match(costOf(text.length));
      return test(text);
    },
  };
}

/** Undefined for formats of numbers, and those that are not tested. */
function testOf(format: Format): ((text: string) => boolean) | undefined {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return (text) => format(text);
  if (typeof format !== "object" || format.type === "number" || format.async === true) {
    return undefined;
  }
  const { validate } = format as { readonly validate: unknown };
  if (validate instanceof RegExp) return (text) => validate.test(text);
  return typeof validate === "function"
    ? (text) => (validate as (text: string) => unknown)(text) === true
    : undefined;
}
