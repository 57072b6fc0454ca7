import type { VerificationKey } from "./verification-key.ts";

/** There are no keys to verify anything with, and there never were. The reason has been logged. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/**
 * The keys that an issuer signs with, as far as they are known. A key keeps its object as long as the
 * issuer has it, and is retired then, so whatever remembers what a key has verified looks at that.
 */
export interface KeySet {
  /**
   * The keys in force. A promise, for some seconds at most, while they are being read for the first
   * time. Throws or rejects with KeysUnavailable if that has failed and not succeeded since.
   */
  current(): readonly VerificationKey[] | Promise<readonly VerificationKey[]>;
  /**
   * The keys after another look at the issuer's, for a token of a key that is not among them. Looks are
   * rare whatever is asked, and shared; resolves within seconds, with the same keys if there are no
   * others. Never rejects.
   */
  lookFor(id: string | undefined): Promise<readonly VerificationKey[]>;
}

/** Keys that stay as they are. */
export class FixedKeys implements KeySet {
  readonly #keys: readonly VerificationKey[];

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys;
  }

  current(): readonly VerificationKey[] {
    return this.#keys;
  }

  lookFor(): Promise<readonly VerificationKey[]> {
    return Promise.resolve(this.#keys);
  }
}
