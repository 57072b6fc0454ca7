import type { CertificateAndKey } from "./x509.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { challengePage } from "./challenge-page.ts";
import { Challenges } from "./challenges.ts";
import { type AcmeSettings, Renewals, type RenewalsOptions } from "./renewals.ts";

const STOP_WITHIN_MS = 2_000;

/** Certificates from an issuer, by settings that can change. */
export class AutomaticCertificates {
  readonly #options: RenewalsOptions;
  /** What the ports answer to the issuer. */
  readonly challenges = new Challenges();
  #renewals: Renewals | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #isStarted = false;

  /** `options.onChange` is called when `certificates` has changed after the start. */
  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  /** What clients get, one for each name; none while there are no settings. */
  get certificates(): readonly CertificateAndKey[] {
    return this.#renewals?.certificates ?? [];
  }

  /** The handler of an issuer's request; undefined for any other request. */
  page(exchange: Exchange): Handler | undefined {
    return this.#renewals && challengePage(exchange, this.challenges);
  }

  /** The certificate for a connection that offers acme-tls/1 for a server name (RFC 8737). */
  challenge(serverName: string): CertificateAndKey | undefined {
    return this.challenges.certificate(serverName);
  }

  /**
   * Reads the certificates that are on disk. Called before `start`, and again with other settings; what
   * is under way by earlier ones ends. Nothing happens if they are equal.
   */
  use(settings: AcmeSettings | undefined): void {
    const before = this.#renewals;
    if (Bun.deepEquals(before?.settings, settings)) return;
    const next = settings && new Renewals(settings, this.challenges, this.#options, before);
    if (next === undefined) this.challenges.share(undefined);
    this.#renewals = next;
    this.#ended = Promise.all([this.#ended, before?.stop()]);
    if (!this.#isStarted) return;
    this.#options.onChange();
    // One after the other, because they may share a lock.
    void this.#ended.then(() => this.#renewals === next && this.#isStarted && next?.start());
  }

  /** Begins to get what is missing or is to be renewed. The ports must be open. */
  start(): void {
    this.#isStarted = true;
    this.#renewals?.start();
  }

  /** Resolves when nothing is under way any more, or the storage does not answer for a while. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(STOP_WITHIN_MS, late.resolve);
    await Promise.race([Promise.all([this.#ended, this.#renewals?.stop()]), late.promise]);
    cancel();
  }
}
