import type {
  ConfigFinding,
  ConfigRemark,
  ConfigSource,
} from "../../config/history/config-source.ts";
import { digestOf } from "../../config/history/source.ts";
import type { Note } from "../../telemetry/notes/note.ts";
import type { Clock } from "../../time/clock.ts";

/** What brought a configuration into force. */
export interface Occasion {
  /** "start", "SIGHUP", "admin API", "rollback to 3" */
  readonly cause: string;
  /** Who asked for it: "token", "session", "local", "signal"; "start" at the start. */
  readonly by: string;
}

/** The configuration in force. */
export interface InForce {
  readonly id: string;
  /** Unix epoch milliseconds. */
  readonly since: number;
  /** Without secrets. */
  readonly text: string;
  readonly findings: readonly ConfigFinding[];
  readonly remarks: readonly ConfigRemark[];
}

interface Services {
  readonly clock: Clock;
  readonly note: (note: Note) => void;
  /** Tells those who watch. */
  readonly announce: (event: string, data: unknown) => void;
}

/** Keeps what is known of the configuration in force, and has each one written down. */
export class Configurations {
  /** The file it is read from; undefined if it is from none. */
  readonly file: string | undefined;
  readonly #services: Services;
  #source: ConfigSource | undefined;
  #since = 0;
  /** Compressed: a file may have megabytes, and is seldom looked at. */
  #text: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(file: string | undefined, services: Services) {
    this.file = file;
    this.#services = services;
  }

  /** Undefined if its text is not known. */
  get inForce(): InForce | undefined {
    if (this.#source === undefined) return undefined;
    const { id, findings, remarks } = this.#source;
    const text = new TextDecoder().decode(Bun.gunzipSync(this.#text));
    return { id, since: this.#since, text, findings, remarks };
  }

  /** Whether a text is that of the configuration in force. */
  isInForce(source: ConfigSource | undefined): boolean {
    return source !== undefined && source.digest === this.#source?.digest;
  }

  isText(text: string): boolean {
    return digestOf(text) === this.#source?.digest;
  }

  /** A configuration has come into force. */
  began(source: ConfigSource | undefined, { cause, by }: Occasion): void {
    const isSame = this.isInForce(source);
    this.#source = source && { ...source, text: "" };
    if (source === undefined || isSame) return;
    const { id, text } = source;
    this.#since = this.#services.clock.wall();
    this.#text = Bun.gzipSync(text);
    const { file } = this;
    this.#services.note({ kind: "configuration", at: this.#since, id, cause, by, file, text });
    this.#services.announce("configuration", {
      id,
      in_force_since: new Date(this.#since).toISOString(),
      cause,
      by,
    });
  }
}
