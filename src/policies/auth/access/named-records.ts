import { type TProperties, type TSchema, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../../pipeline/policy.ts";

/** Printable, 1 to 128 characters, without blanks at its ends. */
const NAME = "^(?! )[^\\x00-\\x1F\\x7F-\\x9F\\u2028\\u2029]{1,128}(?<! )$";

/** What a client has to present, under a key of its record: a hash. */
export interface Secret {
  readonly key: string;
  readonly schema: TSchema;
}

/**
 * The schema of records by name, or of a list of records with a `name`. A name may have the secret alone,
 * so that `billing: sha256:…` is a whole record.
 */
export function namedRecords({ key, schema }: Secret, others: TProperties, description: string) {
  const record = { [key]: schema, ...others };
  const options = { additionalProperties: false };
  const name = Type.String({
    pattern: NAME,
    expected: "a name of 1 to 128 characters",
    description: "The name, in a list. It becomes the subject.",
  });
  return Type.Union(
    [
      Type.Record(
        Type.String({ pattern: NAME }),
        Type.Union([schema, Type.Object(record, options)]),
      ),
      Type.Array(
        Type.Object(
          { name, ...record },
          {
            ...options,
            advice: () => `each has a name, like \`ada: …\` or \`{ name: ada, ${key}: … }\``,
          },
        ),
      ),
    ],
    { description },
  );
}

/** A record, and the way to it in what was written. */
export interface Placed<Record> {
  readonly name: string;
  readonly record: Record;
  readonly path: readonly (string | number)[];
}

/** The records of a value of such a schema, decoded, in their order. */
export function placedRecords<Record extends object>(
  value: unknown,
  { key }: Secret,
): Placed<Record>[] {
  if (Array.isArray(value)) {
    return value.map((record: Record & { name: string }, index) => {
      return { name: record.name, record, path: [index] };
    });
  }
  return Object.entries(value as object).map(([name, written]: [string, unknown]) => {
    const isRecord = typeof written === "object" && written !== null && key in written;
    return { name, record: (isRecord ? written : { [key]: written }) as Record, path: [name] };
  });
}

/** The issue of a record whose name an earlier one has. */
export function repeated({ name, path }: Placed<unknown>): ConfigIssue {
  return { path, message: `there is another \`${name}\` above; names are those of the log` };
}
