import type { SecretInput } from "./secret-input.ts";
import type { SignalUse } from "./signals.ts";

/** What a command may use of the process it runs in. */
export interface Console {
  out(text: string): void;
  /** Whether the reader of standard output has gone away, as far as `out` has noticed. */
  readonly isOutGone?: () => boolean;
  err(text: string): void;
  readonly input: SecretInput;
  /** Unix epoch milliseconds. */
  now(): number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether text may be coloured, for each stream. */
  readonly color: { readonly out: boolean; readonly err: boolean };
  /** The places in a line of the terminal that standard output is, at the moment; undefined elsewhere. */
  columns(): number | undefined;
  /** The lines of that terminal. */
  rows(): number | undefined;
  /** Calls back for each stop signal, earlier ones included. */
  onStopSignal(listener: (signal: string) => void): void;
  /** Calls back for each reload signal, earlier ones included. */
  onReloadSignal(listener: () => void): void;
}

export interface Flag {
  /** The value's placeholder in the help text ("FILE"); absent for a switch. */
  readonly value?: string;
  /** The letter of its short form ("c" for -c). */
  readonly short?: string;
  /** Another spelling of its name. */
  readonly also?: string;
  /** Whether it may be given more than once. */
  readonly repeatable?: boolean;
  readonly summary: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The operands in the help text: "[FILE]". */
  readonly operands: string;
  /** At most this many operands. */
  readonly maxOperands: number;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Flags that users may expect but the command does not have, with the place of the setting. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Longer explanations, for `gateway help COMMAND`. */
  readonly details: string;
  /** Command lines with what they do, for `gateway help COMMAND`. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** How it handles signals; absent for a command that ends by itself. */
  readonly signals?: SignalUse;
  /** Resolves with the process' exit code. */
  run(input: Arguments, console: Console): Promise<number>;
}

/** A command line, read. */
export interface Arguments {
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** The values of repeatable flags, in their order. */
  readonly lists: Readonly<Record<string, readonly string[] | undefined>>;
}

/** An invalid command line; the message says why. */
export class UsageError extends Error {}
