import type { LogLevel } from "../../units/log-level.ts";
import type { Clock } from "../../time/clock.ts";
import type { ChallengeType } from "./challenges.ts";
import { IssuerError } from "./issuer-error.ts";
import type { ManagedCertificate } from "./managed-certificate.ts";
import { remedyFor } from "./remedies.ts";

interface Subject {
  readonly directory: string;
  readonly storage: string;
}

/** The lines that the log has of certificates from an issuer. */
export class Messages {
  readonly #issuer: string;
  readonly #storage: string;
  readonly #clock: Clock;
  readonly #log: (level: LogLevel, message: string) => void;

  constructor(
    { directory, storage }: Subject,
    clock: Clock,
    log: (level: LogLevel, message: string) => void,
  ) {
    this.#issuer = new URL(directory).host;
    this.#storage = storage;
    this.#clock = clock;
    this.#log = log;
  }

  /** At the start. `hasEarlier` says that another issuer's certificate stays in use for now. */
  found({ name, validity, notBefore }: ManagedCertificate, hasEarlier: boolean): void {
    const pause =
      notBefore > this.#clock.wall()
        ? `; a rate limit of ${this.#issuer} lasts until ${minute(notBefore)}`
        : "";
    if (validity === undefined) {
      const served = hasEarlier ? "the one before is" : "a self-signed one is";
      this.#say(
        "warn",
        name,
        `no certificate of ${this.#issuer} yet: ${served} served until it is issued${pause}`,
      );
    } else if (validity.to <= this.#clock.wall()) {
      this.#say("error", name, `the certificate expired at ${minute(validity.to)}${pause}`);
    } else {
      this.#say("info", name, `certificate valid until ${minute(validity.to)}${pause}`);
    }
  }

  adopted({ name, validity }: ManagedCertificate): void {
    const until = minute(validity?.to ?? 0);
    this.#say(
      "info",
      name,
      `a certificate that another gateway got is in use, valid until ${until}`,
    );
  }

  registered(terms: string | undefined): void {
    const accepted = terms === undefined ? "" : `, terms of service accepted: ${terms}`;
    this.#log("info", `acme: account registered at ${this.#issuer}${accepted}`);
  }

  asking({ name }: ManagedCertificate, challenge: ChallengeType | undefined): void {
    const how = challenge === undefined ? "" : ` by ${challenge}`;
    this.#say("info", name, `asking ${this.#issuer} for a certificate${how}`);
  }

  issued({ name, validity, renewAt }: ManagedCertificate): void {
    const until = minute(validity?.to ?? 0);
    this.#say(
      "info",
      name,
      `certificate issued, valid until ${until}, renewal at ${minute(renewAt)}`,
    );
  }

  locked({ name }: ManagedCertificate): void {
    this.#say("debug", name, `another gateway is using ${this.#storage}`);
  }

  noWindow({ name }: ManagedCertificate, { message }: IssuerError): void {
    this.#say("debug", name, `${this.#issuer} does not say when to renew: ${message}`);
  }

  failed(
    { name, validity, isUnsaved }: ManagedCertificate,
    error: unknown,
    challenge: ChallengeType | undefined,
    delay: number,
  ): void {
    const now = this.#clock.wall();
    const isServed = validity !== undefined && validity.to > now;
    const inUse = isServed
      ? `the current certificate is valid until ${minute(validity.to)}`
      : validity === undefined
        ? "a self-signed certificate is served"
        : `the certificate that is served expired at ${minute(validity.to)}`;
    this.#say(
      isServed ? "warn" : "error",
      name,
      `${isUnsaved ? "certificate not stored" : "no certificate"}: ${this.#reason(error, name, challenge)}; next attempt in ${spelled(delay)}; ${inUse}`,
    );
  }

  #reason(error: unknown, name: string, challenge: ChallengeType | undefined): string {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof IssuerError)) {
      // The lock is made by a link, which not every file system knows.
      const needs =
        error instanceof Error && "syscall" in error && error.syscall === "link"
          ? "its file system must support hard links"
          : "the gateway must be able to read and write there";
      return `${this.#storage} cannot be used: ${message}; ${needs}`;
    }
    const remedy = remedyFor(error, name, challenge);
    const said = OWN_TYPES.has(error.type)
      ? message
      : `${this.#issuer} says ${error.type}: ${message}`;
    return remedy === undefined ? said : `${said}; ${remedy}`;
  }

  #say(level: LogLevel, name: string, message: string): void {
    this.#log(level, `acme: ${name}: ${message}`);
  }
}

/** Failures that are not in an issuer's words. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  "unreachable",
  "invalidAnswer",
  "timeout",
  "noChallenge",
  "externalAccountRequired",
]);

/** "2026-01-31 09:30 UTC" */
function minute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function spelled(ms: number): string {
  if (ms < 120_000) return `${Math.ceil(ms / 1_000)} s`;
  if (ms < 120 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
