import type { Clock } from "../time/clock.ts";
import { withoutUserInfo } from "../http/user-info.ts";
import { printable, printableJson } from "../units/printable.ts";
import type { LogLevel } from "../units/log-level.ts";
import type { LineWriter } from "./line-writer.ts";
import { recordAsJson, recordAsText } from "./lines.ts";
import type { ExchangeRecord } from "./record.ts";
import type { SinkCounts } from "./sinks/counts.ts";
import { timestampFormatter } from "./timestamp.ts";

export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Where lines go. */
type Writer = Pick<LineWriter, "line" | "counts" | "flush">;

export interface LoggerOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** Whether levels are coloured; only for text on a terminal. */
  readonly color: boolean;
}

const SEVERITY: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOR: Record<LogLevel, string> = {
  debug: "\u001B[90m",
  info: "\u001B[32m",
  warn: "\u001B[33m",
  error: "\u001B[31m",
};
const RESET = "\u001B[0m";

/** The operator's log: diagnostics, and a line per exchange. */
export class Logger {
  #options: LoggerOptions;
  readonly #writer: Writer;
  readonly #clock: Clock;
  #threshold: number;
  readonly #tags: Record<LogLevel, string>;
  readonly #timestamp = timestampFormatter();

  constructor(options: LoggerOptions, writer: Writer, clock: Clock) {
    this.#options = options;
    this.#writer = writer;
    this.#clock = clock;
    this.#threshold = SEVERITY[options.level];
    this.#tags = {
      debug: tag("debug", options.color),
      info: tag("info", options.color),
      warn: tag("warn", options.color),
      error: tag("error", options.color),
    };
  }

  /** Changes level and format. */
  configure({ level, format }: Pick<LoggerOptions, "level" | "format">): void {
    this.#options = { ...this.#options, level, format };
    this.#threshold = SEVERITY[level];
  }

  get level(): LogLevel {
    return this.#options.level;
  }

  /** Changes the level alone. */
  setLevel(level: LogLevel): void {
    this.configure({ level, format: this.#options.format });
  }

  log(level: LogLevel, text: string, fields?: LogFields): void {
    if (SEVERITY[level] < this.#threshold) return;
    // Configured URLs may contain passwords, and errors quote them.
    const message = withoutUserInfo(text);
    const time = this.#timestamp(this.#clock.wall());
    if (this.#options.format === "json") {
      this.#writer.line(printableJson({ time, level, message, ...fields }));
      return;
    }
    let line = `${time} ${this.#tags[level]} ${printable(message)}`;
    for (const [name, value] of Object.entries(fields ?? {})) {
      line += ` ${name}=${printable(String(value))}`;
    }
    this.#writer.line(line);
  }

  /** The line of one exchange. */
  exchange(record: ExchangeRecord): void {
    if (SEVERITY[record.level] < this.#threshold) return;
    const time = this.#timestamp(this.#clock.wall());
    this.#writer.line(
      this.#options.format === "json"
        ? recordAsJson(record, time)
        : `${time} ${this.#tags[record.level]} ${recordAsText(record)}`,
    );
  }

  /** Counts lines. */
  counts(): SinkCounts {
    return this.#writer.counts();
  }

  /** Writes what has been logged. Resolves after at most `deadlineMs` milliseconds. */
  flush(deadlineMs: number): Promise<void> {
    return this.#writer.flush(deadlineMs);
  }
}

function tag(level: LogLevel, color: boolean): string {
  const text = `[${level.toUpperCase()}]`;
  return color ? `${COLOR[level]}${text}${RESET}` : text;
}
