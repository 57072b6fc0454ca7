import type { LogLevel } from "../../../units/log-level.ts";
import type { CountQuery, SheetId } from "../count-file.ts";

/** Places of counts, or changes of them, as they are sent to the worker. */
export interface PackedCounts {
  readonly sheets: readonly SheetId[];
  readonly keys: readonly string[];
  /** For each key: the index of its sheet, and what is added to `used` and `granted`. */
  readonly numbers: Float64Array<ArrayBuffer>;
}

/** Numbers in a row of PackedCounts. */
export const NUMBERS_PER_KEY = 3;

/** Requests to the worker. The next `save` is sent after the answer to the previous one. */
export type FileRequest =
  | { readonly kind: "open"; readonly database: string }
  | { readonly kind: "save"; readonly packed: PackedCounts }
  | { readonly kind: "find"; readonly id: number; readonly packed: PackedCounts }
  | {
      readonly kind: "list";
      readonly id: number;
      readonly sheets: readonly SheetId[];
      readonly query: CountQuery;
    }
  | { readonly kind: "close" };

/** For each key, `used` and `granted`. */
export type Usages = Float64Array<ArrayBuffer>;

/** A row of a list: the index of its sheet. */
export interface ListedRow {
  readonly sheet: number;
  readonly key: string;
  readonly used: number;
  readonly granted: number;
}

/** Answers from the worker. `undefined`: the file cannot be read now. */
export type FileAnswer =
  | { readonly kind: "ready" }
  /** The file has no counts. */
  | { readonly kind: "empty" }
  | { readonly kind: "written"; readonly usages: Usages }
  | { readonly kind: "refused" }
  | { readonly kind: "found"; readonly id: number; readonly usages: Usages | undefined }
  | {
      readonly kind: "listed";
      readonly id: number;
      readonly rows: readonly ListedRow[] | undefined;
    }
  | { readonly kind: "report"; readonly level: LogLevel; readonly message: string }
  | { readonly kind: "closed" };
