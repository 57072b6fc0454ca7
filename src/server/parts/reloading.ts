import { type RollbackServices, writeEarlier } from "../../config/history/rollback.ts";
import type { ConfigSource } from "../../config/history/config-source.ts";
import type { Loaded } from "../../config/load.ts";
import type { ConfigDocument } from "../../documents/text/document.ts";
import type { Config } from "../../config/schema.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Note } from "../../telemetry/notes/note.ts";
import type { Clock } from "../../time/clock.ts";
import type { ReloadCounts } from "../reload-counts.ts";
import { Reloader, type ReloadOutcome } from "../reloader.ts";
import type { Occasion } from "./configurations.ts";

interface ReloadingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined if the configuration is from no file. */
  readonly file: ConfigurationFile | undefined;
  /** Whether a text is that of the configuration in force. */
  readonly isInForce: (text: string) => boolean;
  readonly note: (note: Note) => void;
  readonly counts: ReloadCounts;
  /** Applies a configuration; rejects, and changes nothing, if it cannot. */
  readonly apply: (
    next: { config: Config; source: ConfigSource | undefined; occasion: Occasion },
    isStopping: () => boolean,
  ) => Promise<void>;
}

/** The file of a configuration. */
export interface ConfigurationFile {
  readonly name: string;
  /** Reads and checks it, or another one in its place; rejects if it cannot be read. */
  readonly read: (name?: string) => Promise<Loaded>;
  /** See `RollbackServices`. */
  readonly restore?: RollbackServices["restore"];
  /** The same in this thread, with the places in its text; undefined if it is too large for that. */
  readonly readHere: () =>
    | {
        readonly text: string;
        readonly config: Config | undefined;
        readonly document?: ConfigDocument;
      }
    | undefined;
}

/** A configuration of the past. */
interface Earlier {
  readonly number: number;
  /** Without secrets. */
  readonly text: string;
}

interface RolledBack {
  readonly outcome: ReloadOutcome;
  /** Where the text before is kept; undefined if it was the same. */
  readonly backup: string | undefined;
}

/** The configuration cannot be read again. */
export class NoFileError extends Error {
  constructor() {
    super(
      "this gateway was started without a configuration file, so there is nothing to read again",
    );
  }
}

/** Brings other configurations into force, until the gateway stops. */
export class Reloading {
  readonly #options: ReloadingOptions;
  readonly #reloader: Reloader | undefined;
  #isStopping = false;
  /** The last rollback; the next one waits for it, and so knows what it has written. */
  #rollback: Promise<unknown> = Promise.resolve();

  constructor(options: ReloadingOptions) {
    const { file, logger, counts } = options;
    this.#options = options;
    this.#reloader =
      file &&
      new Reloader({
        logger,
        counts,
        read: () => file.read(),
        gateway: {
          reload: (config, source, occasion) => this.apply(config, source, occasion),
        },
      });
  }

  apply(config: Config, source: ConfigSource | undefined, occasion: Occasion): Promise<void> {
    return this.#options.apply({ config, source, occasion }, () => this.#isStopping);
  }

  /** Reads the file again, and applies it if it is valid. Rejects with a NoFileError alone. */
  async reload(occasion: Occasion): Promise<ReloadOutcome> {
    if (this.#reloader === undefined) throw new NoFileError();
    const outcome = await this.#reloader.request(occasion);
    if (occasion.by === "signal") this.#noteSignal(occasion, outcome);
    return outcome;
  }

  /**
   * Writes an earlier configuration to the file, and applies it. Rejects with a RollbackError or a
   * NoFileError, and has changed nothing then.
   */
  rollBack(earlier: Earlier, by: string): Promise<RolledBack> {
    const done = this.#rollback.then(() => this.#rollBack(earlier, by));
    this.#rollback = done.catch(() => {});
    return done;
  }

  async #rollBack({ number, text }: Earlier, by: string): Promise<RolledBack> {
    const { file, clock } = this.#options;
    if (file === undefined) throw new NoFileError();
    const backup = await writeEarlier(file.name, text, {
      check: (candidate) => file.read(candidate),
      restore: file.restore,
      now: clock.wall(),
    });
    const outcome = await this.reload({ cause: `rollback to ${number}`, by });
    return { outcome, backup };
  }

  /**
   * The configuration in force with the places in its text; undefined if the file has been changed, or is
   * too large to be read in this thread. Throws a NoFileError.
   */
  inspect(): { readonly config: Config; readonly document: ConfigDocument } | undefined {
    const { file, isInForce } = this.#options;
    if (file === undefined) throw new NoFileError();
    const read = file.readHere();
    if (read?.config === undefined || read.document === undefined) return undefined;
    const { text, config, document } = read;
    return isInForce(text) ? { config, document } : undefined;
  }

  /** From now on none comes into force. */
  stop(): void {
    this.#isStopping = true;
  }

  #noteSignal({ cause, by }: Occasion, { isInForce, message }: ReloadOutcome): void {
    this.#options.note({
      kind: "audit",
      at: this.#options.clock.wall(),
      action: "reload",
      by,
      peer: "",
      details: JSON.stringify({ cause }),
      outcome: isInForce ? "done" : `refused: ${message}`,
    });
  }
}
