import type { TSchema } from "@sinclair/typebox";
import { type RecordFile, readRecords, shortened } from "../../../documents/records.ts";
import { FileProblem, readTextFile } from "../../../documents/text-file.ts";
import type { ConfigIssue, PolicyServices } from "../../../pipeline/policy.ts";
import { under } from "../../../pipeline/section.ts";
import { runThrough, type Steps } from "../../../time/slices.ts";
import { type FileContent, WatchedFile } from "../../watched-file.ts";

/** Records that stand in a file or in the configuration itself, and what is made of them. */
export interface RecordKind<Content> extends FileContent<Content> {
  /** The key of the configuration in place of `file`. */
  readonly key: string;
  /** Makes them of what was written, and finds what is wrong with it. */
  make(value: unknown): Steps<{ readonly content: Content; readonly issues: ConfigIssue[] }>;
  /** What is valid and probably not meant. */
  warningsOf(content: Content): string[];
}

/** What `make` makes of a file's records. Throws a FileProblem. */
export function* madeOfFile<Content>(
  file: string,
  text: string,
  form: RecordFile<TSchema>,
  make: RecordKind<Content>["make"],
): Steps<Content> {
  const read = yield* readRecords(file, text, form);
  const { content, issues } = yield* make(read.value);
  if (issues.length > 0) throw new FileProblem(shortened(read.lines(issues)));
  return content;
}

/** Where the configuration says that records are; `written`: those that stand in it. */
export interface RecordSource {
  readonly file: string | undefined;
  readonly written: unknown;
}

/** Finds what is wrong with records, in a file too. */
export function checkRecords<Content>(
  { file, written }: RecordSource,
  kind: RecordKind<Content>,
): ConfigIssue[] {
  const { key, what } = kind;
  if (file !== undefined && written !== undefined) {
    return [{ path: [key], message: `the ${what} are in \`file\` or here; leave one out` }];
  }
  if (file === undefined && written === undefined) {
    const message = `the ${what} are missing: write \`file: ${key}.yaml\`, or \`${key}\` with a name and hash each`;
    return [{ path: [], message }];
  }
  try {
    if (file !== undefined) {
      const content = runThrough(kind.parse(file, readTextFile(file)));
      return warnings(kind.warningsOf(content), "file");
    }
    const { content, issues } = runThrough(kind.make(written));
    return [...under([key], issues), ...warnings(kind.warningsOf(content), key)];
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return error.problems.map((message) => ({ path: ["file"], message }));
  }
}

function warnings(messages: readonly string[], key: string): ConfigIssue[] {
  return messages.map((message) => ({ path: [key], message, severity: "warning" }));
}

/** How to get the records that are in force; those of a file are kept and read again when it changes. */
export function recordsIn<Content>(
  { file, written }: RecordSource,
  kind: RecordKind<Content>,
  services: PolicyServices,
): () => Content {
  if (file === undefined) {
    const { content } = runThrough(kind.make(written));
    return () => content;
  }
  let isNew = false;
  const watched = services.keep(
    `${kind.what} of ${file}`,
    () => {
      isNew = true;
      return new WatchedFile(file, kind, services);
    },
    (one) => one.close(),
  );
  if (!isNew) watched.refresh();
  return () => watched.content;
}
