import { type SchemaOptions, type TSchema, Type } from "@sinclair/typebox";
import { closeSync, existsSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection, under } from "../pipeline/section.ts";
import { Duration } from "../units/duration.ts";
import { Size } from "../units/size.ts";
import { checkRedact, redact } from "./redact-schema.ts";
import { sinkKinds } from "./sinks/registry.ts";

/** The keys of the sinks that are there only if they are asked for. Each sink reads its own. */
const sinkKeys: object = Object.fromEntries(
  sinkKinds.flatMap(({ name, schema }): [string, TSchema][] =>
    schema === undefined ? [] : [[name, Type.Optional(schema)]],
  ),
);

const keptDecisions = (options: SchemaOptions) =>
  Type.Union([Type.Literal("errors"), Type.Literal("all"), Type.Literal("off")], options);

const schema = Type.Object(
  {
    database: Type.String({
      description: "The SQLite file that holds the access log, relative to the working directory.",
      default: "gateway.db",
      minLength: 1,
      expected: "a file name, like gateway.db",
    }),
    level: Type.Union(
      [Type.Literal("debug"), Type.Literal("info"), Type.Literal("warn"), Type.Literal("error")],
      {
        description:
          "The lowest level written to standard output. It does not affect rows of the access log.",
        default: "info",
      },
    ),
    format: Type.Union([Type.Literal("text"), Type.Literal("json")], {
      description: "The format of lines on standard output: for people or for programs.",
      default: "text",
    }),
    retention: Type.Object(
      {
        max_age: Duration({
          description: "Rows older than this are deleted; 0 keeps them forever.",
          default: "7d",
          longestDays: 3_650,
        }),
        rollups: Duration({
          description:
            "How long sums by minute, hour and day are kept, which statistics are made of; 0 keeps them forever.",
          default: "90d",
          longestDays: 3_650,
        }),
        max_size: Size({
          description:
            "The size above which the oldest rows are deleted, WAL file included; 0 sets no limit.",
          default: "1GiB",
        }),
      },
      {
        additionalProperties: false,
        description: "How much of the access log is kept.",
        default: {},
      },
    ),
    trace: keptDecisions({
      description:
        "Which requests keep in their rows why they went as they did, and their fields: those that went wrong (an error, a refusal, a status of 500 or more, a second attempt), all, or none.",
      default: "errors",
    }),
    redact,
    ...sinkKeys,
  },
  {
    additionalProperties: false,
    description: "The access log and the lines on standard output.",
    default: {},
  },
);

/** `logging` at the top of the configuration. */
export const logging = defineSection({
  schema,
  check(written) {
    const { database, redact: names } = written;
    const message = database === undefined ? undefined : databaseProblem(database);
    return [
      ...(message === undefined ? [] : [{ path: ["database"], message }]),
      ...(database === "off" ? [OFF_IS_A_FILE] : []),
      ...under(["redact"], names === undefined ? [] : checkRedact(names)),
      ...checkSinks(written),
    ];
  },
});

const OFF_IS_A_FILE: ConfigIssue = {
  path: ["database"],
  message:
    "`off` is a file's name here: rows cannot be turned off altogether; `log: off` in `defaults` leaves out those of all routes",
  severity: "warning",
};

/** `trace` of a route. */
export const routeTrace = defineSection({
  schema: Type.Optional(
    keptDecisions({
      description:
        "Which requests of this route keep in their rows why they went as they did, and their fields; by default as in `logging.trace`.",
    }),
  ),
});

/** Each sink checks what is written under its own key. */
function checkSinks(written: object): ConfigIssue[] {
  return sinkKinds.flatMap(({ name, check }) => {
    const own: unknown = Reflect.get(written, name);
    const isWritten = check !== undefined && typeof own === "object" && own !== null;
    return isWritten ? under([name], check(own)) : [];
  });
}

/**
 * A missing file is created, a missing folder is not. A text file was never a log, and would be renamed
 * as a damaged one.
 */
function databaseProblem(file: string): string | undefined {
  // SQLite's driver trims blanks, and would open a different file from the one watched.
  if (file.trim() !== file || file.includes("\0")) {
    return "a file name here cannot begin or end with a blank, or contain a NUL";
  }
  const stats = statsOf(file);
  if (stats?.isDirectory() === true)
    return `${file} is a folder; name a file in it, like ${join(file, "gateway.db")}`;
  if (stats?.isFile() === false) return `${file} is not a file that can hold a database`;
  if (stats !== undefined && holdsText(file)) {
    return `${file} contains text and is not a database; name another file`;
  }
  const folder = dirname(file);
  if (statsOf(folder)?.isDirectory() === true) return undefined;
  return existsSync(folder)
    ? `${folder} is not a folder`
    : `the folder ${folder} does not exist; create it, or name a file elsewhere`;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a file begins with text, which a database never does, not even a damaged one for long. */
function holdsText(file: string): boolean {
  const start = Buffer.alloc(TEXT_BYTES);
  try {
    const descriptor = openSync(file, "r");
    const length = readSync(descriptor, start, 0, TEXT_BYTES, 0);
    closeSync(descriptor);
    return length > 0 && start.subarray(0, length).every(isText);
  } catch {
    return false; // Opening the log reports why.
  }
}

const TEXT_BYTES = 1024;

/** Whether a byte occurs in text: no control character but white space and colours' escape. */
function isText(byte: number): boolean {
  return byte >= 0x20 ? byte !== 0x7f : (byte >= 0x09 && byte <= 0x0d) || byte === 0x1b;
}
