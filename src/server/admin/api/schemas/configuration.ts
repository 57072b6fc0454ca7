import { Type } from "@sinclair/typebox";
import { nullable, time } from "./common.ts";

const finding = Type.Object({
  severity: Type.String({ examples: ["high", "medium", "low"] }),
  rule: Type.String(),
  title: Type.String(),
  remedy: Type.String(),
  line: Type.Integer({ description: "from 1" }),
});

const diagnostic = Type.Object({
  severity: Type.String({ examples: ["error", "warning"] }),
  message: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
});

export const configuration = Type.Object({
  id: nullable(Type.String({ description: "a hash of the text; rows name it" })),
  file: nullable(Type.String({ description: "null if the gateway was started without a file" })),
  in_force_since: nullable(time),
  lines: Type.Array(Type.String({ description: "secrets are replaced by asterisks" })),
  findings: Type.Array(finding),
  diagnostics: Type.Array(diagnostic),
});

const entry = {
  number: Type.Integer(),
  id: Type.String(),
  in_force_from: time,
  in_force_to: nullable(time),
  cause: Type.String({ examples: ["start", "SIGHUP", "admin API", "rollback to 3"] }),
  by: Type.String(),
  file: nullable(Type.String()),
} as const;

const configurationEntry = Type.Object({
  ...entry,
  changes: nullable(
    Type.Object(
      { added: Type.Integer(), removed: Type.Integer() },
      {
        description: "lines that differ from the one before; null for the first",
      },
    ),
  ),
});
export const configurations = Type.Array(configurationEntry);

export const configurationDetail = Type.Object({
  ...entry,
  text: Type.String(),
  difference: Type.String({ description: "from the one before, as a unified diff" }),
});

/** What came of a reload that was successful; the others are problems. */
const outcome = {
  message: Type.String(),
  id: nullable(Type.String({ description: "of the configuration that is in force now" })),
  diagnostics: Type.Array(diagnostic),
} as const;

export const reloaded = Type.Object(outcome);

export const rolledBack = Type.Object({
  ...outcome,
  backup: nullable(
    Type.String({ description: "where the file before is kept; null if it was the same" }),
  ),
});
