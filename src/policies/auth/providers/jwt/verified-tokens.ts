import type { ClientConnection } from "../../../../pipeline/client-request.ts";
import type { VerificationKey } from "../../keys/verification-key.ts";
import type { Validity } from "../../keys/token-claims.ts";
import type { Proof } from "../../provider.ts";

/** Tokens of a generation, and their characters all together; there are two generations. */
const MOST = 5_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** Longer tokens are not kept with their connections. */
const LONGEST_KEPT = 4 * 1024;

/** What a token was found to prove. */
export interface Verified {
  readonly proof: Proof;
  readonly validity: Validity;
  readonly key: VerificationKey;
}

/** The last token of a connection. */
interface Last {
  readonly token: string;
  readonly verified: Verified;
}

/**
 * Tokens that have been verified: only those, so that nobody without a key of the issuer can fill it.
 * They are known by their digests, so that they cannot be read from memory.
 * A client's own connection, which has sent its token in the clear, remembers the last one for as long as
 * it is open: comparing costs a twentieth of a digest.
 */
export class VerifiedTokens {
  readonly #byConnection = new WeakMap<ClientConnection, Last>();
  #young = new Map<string, Verified>();
  #old: ReadonlyMap<string, Verified> = new Map();
  #characters = 0;

  /** What a token proves now, a wall clock's time; undefined if it has to be verified. */
  find(token: string, connection: ClientConnection | undefined, now: number): Proof | undefined {
    const last = connection === undefined ? undefined : this.#byConnection.get(connection);
    if (last?.token === token && isGood(last.verified, now)) return last.verified.proof;
    const key = digest(token);
    const verified = this.#young.get(key) ?? this.#old.get(key);
    if (verified === undefined) return undefined;
    if (!isGood(verified, now)) {
      this.#young.delete(key);
      return undefined;
    }
    this.#keep(key, token, verified);
    this.#remember(token, connection, verified);
    return verified.proof;
  }

  add(token: string, connection: ClientConnection | undefined, verified: Verified): void {
    this.#keep(digest(token), token, verified);
    this.#remember(token, connection, verified);
  }

  #keep(key: string, token: string, verified: Verified): void {
    if (this.#young.has(key)) return;
    if (this.#young.size >= MOST || this.#characters + token.length > MOST_CHARACTERS) {
      // What has been used since the last time is young: the rest is forgotten.
      this.#old = this.#young;
      this.#young = new Map();
      this.#characters = 0;
    }
    this.#young.set(key, verified);
    this.#characters += token.length;
  }

  #remember(token: string, connection: ClientConnection | undefined, verified: Verified): void {
    if (connection === undefined || token.length > LONGEST_KEPT) return;
    // A copy: the token is a slice that keeps all of a header section in memory.
    const copy = Buffer.from(token, "latin1").toString("latin1");
    this.#byConnection.set(connection, { token: copy, verified });
  }
}

function isGood({ validity, key }: Verified, now: number): boolean {
  return now < validity.until && now >= validity.from && !key.isRetired;
}

/** Of a token whose characters are bytes. */
function digest(token: string): string {
  return Bun.CryptoHasher.hash("sha256", token, "base64");
}
