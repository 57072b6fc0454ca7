import type { Config, RouteConfig } from "../schema.ts";
import type { Diagnostic } from "../text/diagnostics.ts";

/** What a file came to, save for its routes, which follow in pieces. */
export interface LoadedHead {
  readonly kind: "loaded";
  /** Absent when the configuration is invalid; then no routes follow. */
  readonly config: Omit<Config, "routes"> | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export type LoadRequest =
  | {
      readonly kind: "load";
      readonly file: string;
      readonly environment: Readonly<Record<string, string | undefined>>;
    }
  /** The next piece: one at a time, so that the asking thread never has two of them to take in. */
  | { readonly kind: "next" };

export type LoadAnswer =
  | LoadedHead
  | { readonly kind: "unreadable"; readonly code: string; readonly message: string }
  /** Some of the routes; none when there are no more. */
  | { readonly kind: "routes"; readonly routes: readonly RouteConfig[] };
