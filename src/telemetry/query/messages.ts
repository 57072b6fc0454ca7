import type { QueryFailure } from "./errors.ts";
import type { QueryName } from "./queries.ts";

export type QueryMessage =
  | { readonly kind: "open"; readonly database: string }
  /** One at a time; `timeout` in milliseconds. */
  | {
      readonly kind: "ask";
      readonly name: QueryName;
      readonly request: unknown;
      readonly timeout: number;
    }
  /** Leaves the file alone until it is asked again. */
  | { readonly kind: "close" };

export type QueryReply =
  | { readonly kind: "answered"; readonly answer: unknown }
  | { readonly kind: "failed"; readonly reason: QueryFailure; readonly message: string };
