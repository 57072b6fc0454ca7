import { Type } from "@sinclair/typebox";

/** The values of a claim of which any will do. */
export const claimValuesSchema = Type.Array(
  Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
  { minItems: 1, expected: "a value, a list of values of which one is needed, or true" },
);

type Value = string | number | boolean;

/** Whether a claim, or an item of one that is a list, has one of these values; true stands for any. */
export function satisfies(claim: unknown, values: readonly Value[]): boolean {
  if (Array.isArray(claim)) {
    return claim.some((item: unknown) => !Array.isArray(item) && satisfies(item, values));
  }
  return values.some((value) => (value === true ? isThere(claim) : isSame(claim, value)));
}

function isThere(claim: unknown): boolean {
  return claim !== undefined && claim !== null && claim !== false && claim !== "";
}

/** Numbers in quotes are the same: issuers and writers of YAML differ in that. */
function isSame(claim: unknown, value: Value): boolean {
  const isValue = typeof claim === "string" || typeof claim === "number";
  return claim === value || (isValue && typeof value !== "boolean" && `${claim}` === `${value}`);
}
