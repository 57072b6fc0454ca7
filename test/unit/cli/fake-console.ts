import type { Arguments, Command, Console } from "../../../src/cli/command.ts";
import { UsageError } from "../../../src/cli/command.ts";
import type { SecretInput } from "../../../src/cli/secret-input.ts";

/** A console that records its output, and whose signals a test sends. */
export class FakeConsole implements Console {
  readonly color: Console["color"];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: SecretInput;
  /** As wide as the terminal is; undefined if it is none. */
  width: number | undefined;
  printed = "";
  complaints = "";
  readonly #stopListeners: ((signal: string) => void)[] = [];
  readonly #printedAnything = Promise.withResolvers<void>();

  constructor(
    options: {
      color?: Partial<Console["color"]>;
      environment?: Readonly<Record<string, string | undefined>>;
      input?: SecretInput;
      width?: number;
    } = {},
  ) {
    this.input = options.input ?? piped("");
    this.color = { out: false, err: false, ...options.color };
    this.width = options.width;
    this.environment = options.environment ?? {};
  }

  now(): number {
    return Date.UTC(2026, 0, 1);
  }

  rows(): number | undefined {
    return this.width === undefined ? undefined : 8;
  }

  columns(): number | undefined {
    return this.width;
  }

  out(text: string): void {
    this.printed += text;
    this.#printedAnything.resolve();
  }

  err(text: string): void {
    this.complaints += text;
  }

  onStopSignal(listener: (signal: string) => void): void {
    this.#stopListeners.push(listener);
  }

  onReloadSignal(): void {}

  /** Resolves once something has been printed. */
  firstOutput(): Promise<void> {
    return this.#printedAnything.promise;
  }

  stop(signal: string): void {
    for (const listener of this.#stopListeners) listener(signal);
  }
}

/** Standard input that another program writes. */
export function piped(text: string | Uint8Array): SecretInput {
  const bytes = Buffer.from(text as string);
  return {
    isTerminal: false,
    read: (most) => Promise.resolve(bytes.length > most ? undefined : bytes),
    ask: () => Promise.reject(new Error("there is no terminal")),
  };
}

/** A terminal on which somebody types these lines, and then gives up. */
export function typed(...lines: string[]): SecretInput & { readonly prompts: string[] } {
  const prompts: string[] = [];
  return {
    isTerminal: true,
    prompts,
    read: () => Promise.reject(new Error("nothing is piped")),
    ask(prompt) {
      prompts.push(prompt);
      return Promise.resolve(lines.shift());
    },
  };
}

/** A command line with only the given parts. */
export function given(input: Partial<Arguments> = {}): Arguments {
  return { operands: [], flags: {}, lists: {}, ...input };
}

/** A command of a test's own. */
export function commandWith(changes: Partial<Command>): Command {
  return {
    name: "try",
    summary: "try something",
    operands: "",
    maxOperands: 0,
    flags: {},
    details: "Nothing more.",
    examples: [["gateway try", "tries"]],
    run: () => Promise.resolve(0),
    ...changes,
  };
}

/** The words with which a command line is refused. */
export async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}
