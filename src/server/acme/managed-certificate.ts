import { X509Certificate } from "node:crypto";
import type { RenewalWindow } from "./answers.ts";
import { type Validity, renewalTime } from "./schedule.ts";
import { type CertificateAndKey, renewalId } from "./x509.ts";

/** One name, its certificate, and when something is to be done about it. Times are of the wall clock. */
export class ManagedCertificate {
  readonly name: string;
  /** From 0 to 1; spreads renewals, and stays the same so that they are not put off again and again. */
  readonly #random: number;
  #current: CertificateAndKey;
  #leaf: X509Certificate | undefined;
  #window: RenewalWindow | undefined;
  /** Failed attempts since the last success. */
  failures = 0;
  /** No attempt is made before. */
  notBefore = 0;
  /** Whether the certificate still has to be written to the storage. */
  isUnsaved = false;
  /** When to ask the issuer when it wants the certificate renewed. */
  askWindowAt = 0;

  /** `meanwhile` is in use if none was found. */
  constructor(
    name: string,
    found: CertificateAndKey | undefined,
    meanwhile: CertificateAndKey,
    random: number,
  ) {
    this.name = name;
    this.#random = random;
    this.#current = found ?? meanwhile;
    this.#leaf = found && new X509Certificate(found.certificate);
  }

  /** What clients get. */
  get current(): CertificateAndKey {
    return this.#current;
  }

  /** Undefined until there is a certificate of the issuer. */
  get validity(): Validity | undefined {
    return (
      this.#leaf && { from: Date.parse(this.#leaf.validFrom), to: Date.parse(this.#leaf.validTo) }
    );
  }

  /** Names the certificate at its issuer; undefined if the issuer cannot know it. */
  get renewalId(): string | undefined {
    return this.#leaf && renewalId(this.#leaf);
  }

  /** When to get the next certificate. */
  get renewAt(): number {
    const { validity } = this;
    return validity === undefined ? 0 : renewalTime(validity, this.#window, this.#random);
  }

  /** When an attempt is due. */
  get dueAt(): number {
    return this.isUnsaved ? this.notBefore : Math.max(this.renewAt, this.notBefore);
  }

  /** Takes another certificate. False if it is the one that is there, or is valid for no longer. */
  adopt(found: CertificateAndKey): boolean {
    if (found.certificate === this.#current.certificate) return false;
    const leaf = new X509Certificate(found.certificate);
    const isOlder = Date.parse(leaf.validTo) < (this.validity?.to ?? 0);
    if (isOlder) return false;
    this.#current = found;
    this.#leaf = leaf;
    this.#window = undefined;
    this.failures = 0;
    this.notBefore = 0;
    this.askWindowAt = 0;
    return true;
  }

  useWindow(window: RenewalWindow | undefined): void {
    this.#window = window;
  }
}
