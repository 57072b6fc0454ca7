import type { LogLevel } from "../units/log-level.ts";

/** Reports when something begins to fail, fails differently, and has recovered. */
export class Condition {
  readonly #report: (level: LogLevel, message: string) => void;
  readonly #failing: string;
  readonly #recovered: string;
  #cause = "";

  /** A failure is reported as `failing: cause`. */
  constructor(
    report: (level: LogLevel, message: string) => void,
    failing: string,
    recovered: string,
  ) {
    this.#report = report;
    this.#failing = failing;
    this.#recovered = recovered;
  }

  failed(cause: string): void {
    if (cause === this.#cause) return;
    this.#cause = cause;
    this.#report("error", `${this.#failing}: ${cause}`);
  }

  succeeded(): void {
    if (this.#cause === "") return;
    this.#cause = "";
    this.#report("info", this.#recovered);
  }
}
