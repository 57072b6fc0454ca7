import type { CertificateAndKey } from "./x509.ts";

/** The challenge types that a gateway can answer, by the port that the issuer asks at. */
export type ChallengeType = "http-01" | "tls-alpn-01";

/** The protocol that an issuer offers by ALPN when it tries TLS-ALPN-01 (RFC 8737). */
export const ACME_TLS_PROTOCOL = "acme-tls/1";

/** The answers to the challenges that are under way: nothing is here at other times. */
export class Challenges {
  readonly #http = new Map<string, string>();
  readonly #tls = new Map<string, CertificateAndKey>();

  /** Whether a TLS-ALPN-01 challenge is under way for any name. */
  get hasTls(): boolean {
    return this.#tls.size > 0;
  }

  /** What /.well-known/acme-challenge/TOKEN answers (RFC 8555 section 8.3). */
  keyAuthorization(token: string): string | undefined {
    return this.#http.get(token);
  }

  /** The certificate for connections that offer acme-tls/1 for a server name in lower case. */
  certificate(serverName: string): CertificateAndKey | undefined {
    return this.#tls.get(serverName);
  }

  /** Returns what ends the challenge. */
  presentHttp(token: string, keyAuthorization: string): () => void {
    this.#http.set(token, keyAuthorization);
    return () => this.#http.delete(token);
  }

  presentTls(serverName: string, certificate: CertificateAndKey): () => void {
    this.#tls.set(serverName, certificate);
    return () => this.#tls.delete(serverName);
  }
}
