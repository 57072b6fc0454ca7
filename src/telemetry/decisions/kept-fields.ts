import type { Field } from "../../http/field.ts";
import type { KeptFields } from "../../pipeline/decisions/decisions.ts";
import { REDACTED, type Redaction } from "../../pipeline/redaction.ts";
import { printableJson } from "../../units/printable.ts";

/** Characters of one value. */
const LONGEST_VALUE = 512;
/** Characters of all names and values. */
const MOST_CHARACTERS = 4_096;

/**
 * The JSON of a message's fields, without secrets and of bounded size: see `KeptFields`. `secrets` are those
 * that other fields of the exchange hold: what a client sends may come back under another name.
 */
export function keptFields(
  fields: readonly Pick<Field, "name" | "value">[],
  redaction: Redaction,
  secrets: Iterable<string> = [],
): string {
  const sent = [...secrets];
  const kept: KeptFields[number][] = [];
  let left = MOST_CHARACTERS;
  for (const field of fields) {
    const { name } = field;
    let value = redaction.field(field);
    for (const secret of sent) value = value.replaceAll(secret, REDACTED);
    const short = value.length <= LONGEST_VALUE ? value : `${value.slice(0, LONGEST_VALUE)}…`;
    left -= name.length + short.length;
    if (left < 0) break;
    kept.push([name, short]);
  }
  const more = fields.length - kept.length;
  if (more > 0) kept.push(["", `${more} more`]);
  return printableJson(kept);
}
