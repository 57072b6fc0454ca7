import type { PackedBatch } from "./batch.ts";
import type { LogLevel } from "../level.ts";
import type { Limits } from "./retention.ts";

/** To the worker. One batch at a time: the next follows the answer to the last. */
export type WriterRequest =
  | { readonly kind: "open"; readonly database: string; readonly limits: Limits }
  | { readonly kind: "batch"; readonly packed: PackedBatch }
  | { readonly kind: "close" };

/** From the worker. */
export type WriterAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "written" }
  /** The batch can never be written; the report says why. */
  | { readonly kind: "refused" }
  | { readonly kind: "report"; readonly level: LogLevel; readonly message: string }
  | { readonly kind: "closed" };
