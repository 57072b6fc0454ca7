import type { Config, RouteConfig } from "../schema.ts";
import type { RestoredText } from "../history/restored-text.ts";
import type { ConfigSource } from "../history/config-source.ts";
import type { Diagnostic } from "../../documents/text/diagnostics.ts";

export type LoadRequest =
  /** See `restoredText`. */
  | { readonly kind: "restore"; readonly stored: string; readonly present: string }
  | {
      readonly kind: "load";
      readonly file: string;
      readonly environment: Readonly<Record<string, string | undefined>>;
    }
  /** The next piece: one at a time, so that the asking thread never has two of them to take in. */
  | { readonly kind: "next" };

export type LoadAnswer =
  /** What there is save for routes and diagnostics, which follow in pieces. */
  | {
      readonly kind: "loaded";
      readonly config: Omit<Config, "routes"> | undefined;
      readonly source?: ConfigSource | undefined;
    }
  | { readonly kind: "unreadable"; readonly code: string; readonly message: string }
  | { readonly kind: "restored"; readonly restored: RestoredText }
  | Piece;

/** Some of the routes and of the diagnostics; both empty at the end. */
export interface Piece {
  readonly kind: "piece";
  readonly routes: readonly RouteConfig[];
  readonly diagnostics: readonly Diagnostic[];
}
