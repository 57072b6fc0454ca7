import { type Action, planOf } from "../../../../../src/policies/transform/json/plan.ts";
import { editJson } from "../../../../../src/policies/transform/json/edit.ts";
import { readPath } from "../../../../../src/policies/transform/json/path.ts";

export interface Written {
  readonly remove?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
  readonly set?: Readonly<Record<string, unknown>>;
}

function steps(path: string) {
  const read = readPath(path);
  if (typeof read === "string") throw new Error(read);
  return read;
}

/** The edits of a configuration, with constant values. */
export function editsOf({ remove = [], rename = {}, set = {} }: Written, longest = 10_000_000) {
  const shape: Action<null>[] = [
    ...remove.map((path) => ({ path: steps(path), remove: true })),
    ...Object.entries(rename).map(([path, name]) => ({ path: steps(path), rename: name })),
  ];
  const values = Object.entries(set).map(([path, value]) => ({
    path: steps(path),
    value: Buffer.from(JSON.stringify(value)),
  }));
  return { shape: planOf(shape), values: planOf(values), longest };
}

/** A text, edited; the text itself if nothing changes. */
export function edited(text: string, written: Written): string {
  const result = editJson(Buffer.from(text), editsOf(written), null);
  return typeof result === "string" ? result : (result?.toString() ?? text);
}
