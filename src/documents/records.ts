import type { StaticDecode, TSchema } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import type { Steps } from "../time/slices.ts";
import type { KeyHints } from "./reading/complaints.ts";
import { validate } from "./reading/validate.ts";
import { type Diagnostic, diagnosticLine } from "./text/diagnostics.ts";
import { ConfigDocument, type DocumentKind } from "./text/document.ts";
import { setOwn } from "./text/node.ts";
import { FileProblem } from "./text-file.ts";

/** A file of records, read. */
export interface ReadRecords<Value> {
  readonly value: Value;
  /** Issues of the value as lines with their places. */
  lines(issues: readonly ConfigIssue[]): string[];
}

/** What a file has records of: a schema, of a list or of a mapping by names, and words for it. */
export interface RecordFile<Schema extends TSchema> extends DocumentKind {
  readonly schema: Schema;
  readonly hints?: KeyHints;
}

/** How much of a text is read in one step, in UTF-16 code units: about a millisecond's work. */
const PIECE = 8 * 1024;
const PROBLEMS_AT_MOST = 20;

/**
 * Reads a YAML file with many records in steps. A large one is read piece by piece if it is plain;
 * anything else, errors included, as a whole. Throws a FileProblem.
 */
export function* readRecords<Schema extends TSchema>(
  file: string,
  text: string,
  kind: RecordFile<Schema>,
  pieceLength = PIECE,
): Steps<ReadRecords<StaticDecode<Schema>>> {
  const isLarge = text.length >= 2 * pieceLength;
  const value = isLarge ? yield* readPieces(file, text, kind, pieceLength) : undefined;
  if (value !== undefined) {
    const document = () => ConfigDocument.parse(file, text, kind);
    return { value, lines: (issues) => linesOf(document(), issues) };
  }
  const document = ConfigDocument.parse(file, text, kind);
  const { value: whole, diagnostics } = validate(kind.schema, document, kind.hints);
  const found = [...document.diagnostics, ...diagnostics];
  if (whole === undefined || found.length > 0) throw new FileProblem(shortened(asLines(found)));
  return { value: whole, lines: (issues) => linesOf(document, issues) };
}

/** The first of them, and how many more there are. */
export function shortened(problems: readonly string[]): string[] {
  if (problems.length <= PROBLEMS_AT_MOST) return [...problems];
  const more = problems.length - PROBLEMS_AT_MOST;
  return [...problems.slice(0, PROBLEMS_AT_MOST), `and ${more} more problems of this file`];
}

function linesOf(document: ConfigDocument, issues: readonly ConfigIssue[]): string[] {
  if (issues.length === 0) return [];
  return asLines(issues.map(({ path, message }) => document.diagnose(path, message)));
}

function asLines(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.toSorted((a, b) => a.line - b.line || a.column - b.column).map(diagnosticLine);
}

/** Undefined if the text has to be read as a whole. */
function* readPieces<Schema extends TSchema>(
  file: string,
  text: string,
  kind: RecordFile<Schema>,
  pieceLength: number,
): Steps<StaticDecode<Schema> | undefined> {
  const list: unknown[] = [];
  const mapping: Record<string, unknown> = {};
  let names = 0;
  for (let start = 0; start < text.length;) {
    const end = endOfPiece(text, start + pieceLength);
    const piece = text.slice(start, end);
    start = end;
    const value = CONTENT.test(piece) ? readPiece(file, piece, kind) : [];
    if (value === undefined) return undefined;
    if (Array.isArray(value)) list.push(...(value as unknown[]));
    else {
      for (const [name, record] of Object.entries(value)) {
        if (Object.hasOwn(mapping, name)) return undefined;
        setOwn(mapping, name, record);
        names += 1;
      }
    }
    yield undefined;
  }
  // Both at once is an error, and so is neither.
  if (names > 0 === list.length > 0) return undefined;
  return names > 0 ? mapping : list;
}

/** Something other than comments. */
const CONTENT = /^[^\S\n]*[^\s#]/m;

/** A piece that is complete and plain, so that it means the same as in the whole text. */
function readPiece(file: string, piece: string, kind: RecordFile<TSchema>): object | undefined {
  const document = ConfigDocument.parsePlain(file, piece, kind);
  if (document === undefined) return undefined;
  const { value, diagnostics } = validate(kind.schema, document);
  const isRead = diagnostics.length === 0 && typeof value === "object" && value !== null;
  return isRead ? value : undefined;
}

/** Where the first record at or after an offset begins; otherwise the text's end. */
function endOfPiece(text: string, offset: number): number {
  RECORD.lastIndex = offset;
  const found = RECORD.exec(text);
  return found === null ? text.length : found.index + 1;
}

const RECORD = /\n(?=[^\s#])/g;
