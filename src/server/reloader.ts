import type { Loaded } from "../config/load.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ReloadCounts } from "./reload-counts.ts";
import { describeConfig, logDiagnostics } from "./reports.ts";
import type { RunningGateway } from "./start.ts";

export interface ReloaderOptions {
  readonly gateway: Pick<RunningGateway, "reload">;
  /** Reads the configuration again; rejects if it cannot be read. */
  readonly read: () => Promise<Loaded>;
  readonly logger: Logger;
  /** Where reloads are counted. */
  readonly counts?: ReloadCounts | undefined;
}

/** Reloads the configuration on request, and reports the outcome. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /**
   * Reloads once, or after the reload in progress: requests that arrive during it share the next one,
   * which reads the file after the last of them. `cause` is named in the log. Never rejects.
   */
  request(cause: string): Promise<void> {
    if (this.#running === undefined) return this.#start(cause);
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start(cause);
    });
    return this.#next;
  }

  #start(cause: string): Promise<void> {
    this.#running = this.#reload(cause).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #reload(cause: string): Promise<void> {
    const { gateway, read, logger, counts } = this.#options;
    try {
      const { config, diagnostics } = await read();
      logDiagnostics(diagnostics, logger);
      if (config === undefined) {
        counts?.failure();
        logger.log("error", `${cause}: invalid configuration, keeping the current one`);
        return;
      }
      await gateway.reload(config);
      counts?.success();
      logger.log("info", `${cause}: new configuration in force, ${describeConfig(config)}`);
    } catch (error) {
      counts?.failure();
      const reason = error instanceof Error ? error.message : String(error);
      logger.log("error", `${cause}: ${reason}; keeping the current configuration`);
    }
  }
}
