import { GatewayError } from "../../pipeline/errors.ts";
import type { SchemaError } from "./schemas/compiler.ts";

/** One thing that is wrong with a request, as a member of the problem's `errors` (RFC 9457 section 3). */
export interface Fault {
  /** Where in the content, or in a parameter that is an object or a list (RFC 6901 section 6). */
  readonly pointer?: string;
  /** The part of the request that a parameter is in. */
  readonly in?: "path" | "query" | "header" | "cookie";
  readonly parameter?: string;
  /** What is wrong; never with a value of the client's. */
  readonly detail: string;
}

/** So many are listed; a client mends them one after the other anyway. */
const MOST_FAULTS = 50;
/** Characters of a name that a client chose, or of what a schema allows. */
const LONGEST_SHOWN = 100;
const LONGEST_POINTER = 500;

/** The refusal of a request with faults. */
export function invalid(faults: readonly Fault[]): GatewayError {
  const [first] = faults;
  const more = faults.length - 1;
  const others = more > 0 ? `, and ${more} more ${more === 1 ? "fault" : "faults"}` : "";
  const detail = first === undefined ? "" : `${placeOf(first)} ${first.detail}${others}`;
  return new GatewayError("invalid_request", detail, {
    members: { errors: faults.slice(0, MOST_FAULTS) },
  });
}

/** What a line says of a fault's place. */
function placeOf({ in: part, parameter, pointer }: Fault): string {
  const inside = pointer === undefined ? "" : ` at ${pointer}`;
  if (part !== undefined) return `the ${part} parameter ${parameter}${inside}`;
  return pointer === undefined || pointer === "#" ? "the content" : pointer;
}

/** What is wrong with a value by a schema, each thing once. */
export function faultsOf(errors: readonly SchemaError[]): Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    // What the cases of an `if` have, and what is wrong with a name, is listed by itself.
    if (error.keyword === "if" || error.propertyName !== undefined) continue;
    const fault = { pointer: pointerOf(error), detail: detailOf(error) };
    faults.set(`${fault.pointer} ${fault.detail}`, fault);
  }
  return [...faults.values()];
}

function pointerOf({ instancePath, keyword, params }: SchemaError): string {
  const name: unknown = NAMED_BY[keyword] === undefined ? undefined : params[NAMED_BY[keyword]];
  const path = typeof name === "string" ? `${instancePath}/${escaped(name)}` : instancePath;
  const pointer = `#${path.toWellFormed().replaceAll(NOT_IN_FRAGMENT, encodeURIComponent)}`;
  // A name can be as long as the content; then it is the value around it that is pointed to.
  if (pointer.length <= LONGEST_POINTER) return pointer;
  return pointer.slice(0, Math.max(1, pointer.lastIndexOf("/", LONGEST_POINTER)));
}

/** Keywords whose errors are about a member, and the parameter that names it. */
const NAMED_BY: Readonly<Record<string, string | undefined>> = {
  required: "missingProperty",
  dependentRequired: "missingProperty",
  additionalProperties: "additionalProperty",
  unevaluatedProperties: "unevaluatedProperty",
  propertyNames: "propertyName",
};

const NOT_IN_FRAGMENT = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/?]+/gu;

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** What is wrong, as a clause whose subject is the value. */
export function detailOf({ keyword, params }: SchemaError): string {
  const limit = String(params["limit"]);
  switch (keyword) {
    case "type":
      return `must be ${listed([params["type"]].flat().map(kindOf), "or")}`;
    case "required":
      return "is required";
    case "dependentRequired":
    case "dependencies":
      return `is required with ${shown(params["property"])}`;
    case "additionalProperties":
    case "unevaluatedProperties":
    case "unevaluatedItems":
    case "false schema":
      return "is not allowed";
    case "additionalItems":
    case "items":
      return `must not have more than ${limit} items`;
    case "propertyNames":
      return "has a name that is not allowed";
    case "enum":
      return `must be one of ${shown((params["allowedValues"] as unknown[]).map((value) => JSON.stringify(value)).join(", "))}`;
    case "const":
      return `must be ${shown(JSON.stringify(params["allowedValue"]))}`;
    case "pattern":
      return `must match the pattern ${shown(params["pattern"])}`;
    case "format":
      return `must be of the format ${shown(params["format"])}`;
    case "multipleOf":
      return `must be a multiple of ${String(params["multipleOf"])}`;
    case "uniqueItems":
      return "must not have two equal items";
    case "contains":
      return containing(Number(params["minContains"]), params["maxContains"] as number | undefined);
    case "oneOf":
      return params["passingSchemas"] === null
        ? "must be one of the alternatives"
        : "must be only one of the alternatives";
    case "anyOf":
      return "must be one of the alternatives";
    case "not":
      return "is excluded";
    default:
      return LIMITS[keyword]?.(limit) ?? `is not valid by \`${shown(keyword)}\``;
  }
}

const LIMITS: Readonly<Record<string, ((limit: string) => string) | undefined>> = {
  minimum: (limit) => `must be at least ${limit}`,
  maximum: (limit) => `must be at most ${limit}`,
  exclusiveMinimum: (limit) => `must be greater than ${limit}`,
  exclusiveMaximum: (limit) => `must be less than ${limit}`,
  minLength: (limit) => `must have at least ${counted(limit, "character")}`,
  maxLength: (limit) => `must have at most ${counted(limit, "character")}`,
  minItems: (limit) => `must have at least ${counted(limit, "item")}`,
  maxItems: (limit) => `must have at most ${counted(limit, "item")}`,
  minProperties: (limit) => `must have at least ${counted(limit, "member")}`,
  maxProperties: (limit) => `must have at most ${counted(limit, "member")}`,
};

function counted(limit: string, noun: string): string {
  return `${limit} ${noun}${limit === "1" ? "" : "s"}`;
}

function containing(least: number, most: number | undefined): string {
  const range = most === undefined ? `at least ${least}` : `${least} to ${most}`;
  return `must contain ${range} of certain items`;
}

function kindOf(type: unknown): string {
  switch (type) {
    case "array":
      return "a list";
    case "object":
    case "integer":
      return `an ${type}`;
    case "null":
      return "null";
    default:
      return `a ${String(type)}`;
  }
}

export function listed(words: readonly string[], conjunction: string): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

function shown(text: unknown): string {
  const whole = String(text);
  return whole.length <= LONGEST_SHOWN ? whole : `${whole.slice(0, LONGEST_SHOWN)}…`;
}
