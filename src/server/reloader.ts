import type { Config } from "../config/schema.ts";
import type { Loaded } from "../config/load.ts";
import type { ConfigRemark, ConfigSource } from "../config/history/config-source.ts";
import { remarksOf } from "../config/history/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ReloadCounts } from "./reload-counts.ts";
import type { Occasion } from "./parts/configurations.ts";
import { describeConfig, logDiagnostics } from "./reports.ts";

export interface ReloaderOptions {
  readonly gateway: {
    /** See `RunningGateway`. */
    reload(config: Config, source: ConfigSource | undefined, occasion: Occasion): Promise<void>;
  };
  /** Reads the configuration again; rejects if it cannot be read. */
  readonly read: () => Promise<Loaded>;
  readonly logger: Logger;
  /** Where reloads are counted. */
  readonly counts?: ReloadCounts | undefined;
}

/** What came of a reload. */
export interface ReloadOutcome {
  readonly isInForce: boolean;
  readonly message: string;
  /** Of the configuration that is in force now by it. */
  readonly id: string | undefined;
  /** Errors and warnings of what was read. */
  readonly remarks: readonly ConfigRemark[];
}

/** Reloads the configuration on request, and reports the outcome. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /**
   * Reloads once, or after the reload in progress: requests that arrive during it share the next one,
   * which reads the file after the last of them. The cause is named in the log. Never rejects.
   */
  request(occasion: Occasion): Promise<ReloadOutcome> {
    if (this.#running === undefined) return this.#start(occasion);
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start(occasion);
    });
    return this.#next;
  }

  #start(occasion: Occasion): Promise<ReloadOutcome> {
    this.#running = this.#reload(occasion).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #reload(occasion: Occasion): Promise<ReloadOutcome> {
    const { gateway, read, logger, counts } = this.#options;
    const { cause } = occasion;
    let remarks: readonly ConfigRemark[] = [];
    const refused = (message: string): ReloadOutcome => {
      counts?.failure();
      logger.log("error", `${cause}: ${message}`);
      return { isInForce: false, message, id: undefined, remarks };
    };
    try {
      const { config, diagnostics, source } = await read();
      remarks = remarksOf(diagnostics);
      logDiagnostics(diagnostics, logger);
      if (config === undefined) return refused("invalid configuration, keeping the current one");
      await gateway.reload(config, source, occasion);
      counts?.success();
      const message = `new configuration in force, ${describeConfig(config)}`;
      logger.log("info", `${cause}: ${message}`);
      return { isInForce: true, message, id: source?.id, remarks };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return refused(`${reason}; keeping the current configuration`);
    }
  }
}
