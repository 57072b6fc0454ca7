import { certificateWarnings } from "../../../config/certificate-files.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import type { Clock } from "../../../time/clock.ts";
import { Certificates } from "./certificates.ts";
import { FileWatch } from "../../../time/file-watch.ts";
import type { TlsSettings } from "./handshake.ts";
import {
  certificateOf,
  type Loaded,
  loadFiles,
  type Opened,
  reopen,
  type StoreConfig,
} from "./loading.ts";
import {
  type ContextOptions,
  openContext,
  type PemPair,
  type SecureContext,
} from "./secure-context.ts";

/** Certificates that do not come from files of the configuration. */
export interface AutomaticCertificates {
  /** In force now; `CertificateStore.refresh` is called when they have changed. */
  readonly certificates: readonly PemPair[];
  /** For a client that offers acme-tls/1 (RFC 8737). */
  challenge(serverName: string): PemPair | undefined;
}

/** A certificate that clients get. */
export interface KnownCertificate {
  readonly source: "file" | "acme";
  readonly names: readonly string[];
  /** The issuer's distinguished name. */
  readonly issuer: string;
  /** Unix epoch milliseconds. */
  readonly notAfter: number;
}

export interface StoreOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, "log">;
  readonly automatic?: AutomaticCertificates | undefined;
}

const DAY_MS = 86_400_000;
const CHALLENGE_OPTIONS: ContextOptions = {
  minVersion: "1.2",
  clientAuthorities: undefined,
  clientCertificates: "ignored",
};

/**
 * The certificates of the TLS port. They are read again when their files change, and on reload; what
 * cannot be read leaves the one before in force. Connections keep what they were opened with.
 */
export class CertificateStore {
  readonly #options: StoreOptions;
  readonly #watch: FileWatch;
  #config: StoreConfig;
  #loaded: Loaded;
  #automatic: readonly Opened[] = [];
  #settings: TlsSettings;
  #cancelReminder: (() => void) | undefined;
  /** Whether one could not be read, so that the log says when all can be again. */
  #isBroken = false;

  /** Reads the files. Throws an Error for the operator if one cannot be used. */
  constructor(config: StoreConfig, options: StoreOptions) {
    this.#options = options;
    this.#watch = new FileWatch(options.clock, () => this.#reread());
    this.#config = config;
    this.#watch.watch(filesOf(config));
    try {
      this.#loaded = loadFiles(config, undefined, () => {});
      this.#automatic = this.#openAutomatic(undefined);
    } catch (error) {
      this.#watch.stop();
      throw error;
    }
    this.#settings = this.#compose();
    this.#remindDaily();
  }

  /** In force now, those of files first. */
  get known(): KnownCertificate[] {
    return [
      ...[...this.#loaded.certificates.values()].map((opened) => describe(opened, "file")),
      ...this.#automatic.map((opened) => describe(opened, "acme")),
    ];
  }

  /** For new connections. */
  get settings(): TlsSettings {
    return this.#settings;
  }

  /**
   * Applies another configuration, or the same one to files that may have changed. Throws an Error for
   * the operator, and changes nothing, if a file that is new to it cannot be used.
   */
  change(config: StoreConfig): void {
    const before = this.#loaded;
    this.#watch.watch(filesOf(config));
    this.#isBroken = false;
    try {
      this.#loaded = loadFiles(config, before, (error) => this.#reportBroken(error));
    } catch (error) {
      this.#watch.watch(filesOf(this.#config));
      throw error;
    }
    this.#config = config;
    this.#automatic = this.#openAutomatic(before);
    this.#settings = this.#compose();
  }

  /** The automatic certificates have changed. */
  refresh(): void {
    this.#automatic = this.#openAutomatic(this.#loaded);
    this.#settings = this.#compose();
  }

  stop(): void {
    this.#watch.stop();
    this.#cancelReminder?.();
  }

  #reread(): void {
    const before = this.#loaded;
    const wasBroken = this.#isBroken;
    this.#isBroken = false;
    const loaded = loadFiles(this.#config, before, (error) => this.#reportBroken(error));
    const hasChanged = !Bun.deepEquals(loaded, before);
    if (!this.#isBroken && (hasChanged || wasBroken)) {
      this.#options.logger.log("info", "TLS certificates have been read again");
    }
    if (!hasChanged) return;
    this.#loaded = loaded;
    this.#automatic = this.#openAutomatic(before);
    this.#settings = this.#compose();
    this.#warn();
  }

  #reportBroken(error: Error): void {
    this.#isBroken = true;
    this.#options.logger.log(
      "error",
      `cannot read a TLS certificate again, the one before stays in use: ${error.message}`,
    );
  }

  #openAutomatic(before: Loaded | undefined): Opened[] {
    const { options } = this.#loaded;
    return (this.#options.automatic?.certificates ?? []).map((pair) => {
      const known = this.#automatic.find((opened) => Bun.deepEquals(opened.pair, pair));
      return reopen(pair, known, options, before?.options);
    });
  }

  #compose(): TlsSettings {
    const { automatic } = this.#options;
    return {
      certificates: new Certificates([...this.#loaded.certificates.values(), ...this.#automatic]),
      clientCertificates: this.#loaded.options.clientCertificates,
      challenge: automatic && ((serverName) => this.#challenge(automatic.challenge(serverName))),
    };
  }

  #challenge(pair: PemPair | undefined): SecureContext | undefined {
    return pair && openContext(pair, CHALLENGE_OPTIONS);
  }

  /** From now on, logs every day which certificates clients refuse or soon will. */
  #remindDaily(): void {
    this.#cancelReminder?.();
    this.#cancelReminder = this.#options.clock.schedule(DAY_MS, () => {
      this.#warn();
      this.#remindDaily();
    });
  }

  #warn(): void {
    const { clock, logger } = this.#options;
    for (const [key, opened] of this.#loaded.certificates) {
      for (const { message } of certificateWarnings(opened, clock.wall())) {
        logger.log("warn", `TLS certificate ${certificateOf(key)}: ${message}`);
      }
    }
  }
}

function describe({ own, names }: Opened, source: KnownCertificate["source"]): KnownCertificate {
  return { source, names: names.all, issuer: own.issuer, notAfter: Date.parse(own.validTo) };
}

function filesOf({ certificates, client_certificates: clients }: StoreConfig): string[] {
  const own = certificates.flatMap(({ certificate, key }) => [certificate, key]);
  return clients === undefined ? own : [...own, clients.ca];
}
