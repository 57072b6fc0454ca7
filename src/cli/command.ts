/** What a command may use of the process it runs in. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether output may be coloured. */
  readonly color: boolean;
  /** Hears SIGTERM and SIGINT from now on. */
  onStopSignal(listener: (signal: string) => void): void;
  /** Hears SIGHUP from now on. */
  onReloadSignal(listener: () => void): void;
}

export interface Flag {
  /** What stands for the value in the help text ("FILE"); absent for a switch. */
  readonly value?: string;
  readonly summary: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the command's name, for the help text: "[FILE]". */
  readonly operands: string;
  /** How many operands there may be. */
  readonly maxOperands: number;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Longer explanations and examples, for `gateway help COMMAND`. */
  readonly details: string;
  /** Resolves with the process' exit code. */
  run(input: Arguments, console: Console): Promise<number>;
}

/** A command line, read. */
export interface Arguments {
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/** A command line that cannot be understood; the message says why, in words. */
export class UsageError extends Error {}
