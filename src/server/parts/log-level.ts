import type { Logger } from "../../telemetry/logger.ts";
import type { Clock } from "../../time/clock.ts";
import type { LogLevel } from "../../units/log-level.ts";

/** The level of the log, which an operator may change for a while; a reload sets the configured one. */
export class LogLevelSwitch {
  readonly #logger: Pick<Logger, "level" | "setLevel" | "log">;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(logger: Pick<Logger, "level" | "setLevel" | "log">, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  get level(): LogLevel {
    return this.#logger.level;
  }

  /** Changes it, for so many milliseconds, and then to `configured`; until the next reload without. */
  change(level: LogLevel, configured: LogLevel, duration: number | undefined): void {
    this.forget();
    this.#logger.setLevel(level);
    if (duration === undefined) return;
    this.#cancel = this.#clock.schedule(duration, () => {
      this.#cancel = undefined;
      this.#logger.setLevel(configured);
      this.#logger.log("info", `the log's level is ${configured} again`);
    });
  }

  /** What was to be set later is not: another configuration has set the level. */
  forget(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
