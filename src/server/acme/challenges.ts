import { type CertificateAndKey, splitPem } from "./x509.ts";

/** The challenge types that a gateway can answer, by the port that the issuer asks at. */
export type ChallengeType = "http-01" | "tls-alpn-01";

/** Where gateways that share a storage find each other's challenges. */
export interface SharedChallenges {
  writeChallenge(id: string, text: string): Promise<void>;
  removeChallenge(id: string): Promise<void>;
  /** Blocks. */
  readChallengeNow(id: string): string | undefined;
}

/**
 * The answers to the challenges that are under way: nothing is here at other times. The issuer may ask
 * any of the gateways that share a storage, whichever of them ordered.
 */
export class Challenges {
  readonly #http = new Map<string, string>();
  readonly #tls = new Map<string, CertificateAndKey>();
  #shared: SharedChallenges | undefined;

  share(shared: SharedChallenges | undefined): void {
    this.#shared = shared;
  }

  /** What /.well-known/acme-challenge/TOKEN answers (RFC 8555 section 8.3). */
  keyAuthorization(token: string): string | undefined {
    // Anything else could name another file.
    if (!/^[A-Za-z0-9_-]{1,200}$/.test(token)) return undefined;
    return this.#http.get(token) ?? this.#shared?.readChallengeNow(token);
  }

  /** The certificate for connections that offer acme-tls/1 for a server name. */
  certificate(serverName: string): CertificateAndKey | undefined {
    const name = serverName.toLowerCase();
    if (!/^(?!\.)[a-z0-9.-]{1,253}$/.test(name)) return undefined;
    const own = this.#tls.get(name);
    if (own !== undefined) return own;
    const text = this.#shared?.readChallengeNow(`${name}.pem`);
    return text === undefined ? undefined : splitPem(text);
  }

  /** Resolves with what ends the challenge. */
  presentHttp(token: string, keyAuthorization: string): Promise<() => Promise<void>> {
    this.#http.set(token, keyAuthorization);
    return this.#put(token, keyAuthorization, () => this.#http.delete(token));
  }

  presentTls(name: string, certificate: CertificateAndKey): Promise<() => Promise<void>> {
    this.#tls.set(name, certificate);
    const text = `${certificate.key}${certificate.certificate}`;
    return this.#put(`${name}.pem`, text, () => this.#tls.delete(name));
  }

  async #put(id: string, text: string, forget: () => void): Promise<() => Promise<void>> {
    const shared = this.#shared;
    try {
      await shared?.writeChallenge(id, text);
    } catch (error) {
      forget();
      throw error;
    }
    return async () => {
      forget();
      await shared?.removeChallenge(id);
    };
  }
}
