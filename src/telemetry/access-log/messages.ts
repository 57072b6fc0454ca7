import type { Note } from "../notes/note.ts";
import type { PackedBatch } from "./batch.ts";
import type { LogLevel } from "../../units/log-level.ts";
import type { Limits } from "./limits.ts";

/** Requests to the worker. The next batch is sent after the answer to the previous one. */
export type WriterRequest =
  | { readonly kind: "open"; readonly database: string; readonly limits: Limits }
  | { readonly kind: "batch"; readonly packed: PackedBatch }
  /** In place of a batch, and answered like one. */
  | { readonly kind: "notes"; readonly notes: readonly Note[] }
  | { readonly kind: "close" };

/** Answers from the worker. */
export type WriterAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "written" }
  /** The batch can never be written; the report says why. */
  | { readonly kind: "refused" }
  | { readonly kind: "report"; readonly level: LogLevel; readonly message: string }
  | { readonly kind: "closed" };
