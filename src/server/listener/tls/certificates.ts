import { type CertificateNames, wildcardOf } from "../../../http/certificate-names.ts";
import type { SecureContext } from "./secure-context.ts";

/** A certificate that connections can be opened with. */
export interface ServerCertificate {
  readonly names: CertificateNames;
  readonly context: SecureContext;
}

/** Certificates by server name. Never changed: others take the place of all. */
export class Certificates {
  readonly #first: ServerCertificate | undefined;
  readonly #byName = new Map<string, ServerCertificate>();

  /** The first one is also for clients without a server name, or with one that no certificate covers. */
  constructor(list: readonly ServerCertificate[]) {
    this.#first = list[0];
    for (const certificate of list) {
      for (const name of certificate.names.all) {
        if (!this.#byName.has(name)) this.#byName.set(name, certificate);
      }
    }
  }

  /** For a name in lower case: exact, wildcard, the first; undefined if there are none. */
  choose(serverName: string): ServerCertificate | undefined {
    return this.#covering(serverName) ?? this.#first;
  }

  /** Whether a host belongs to another certificate than the connection's. */
  isMisdirected(connection: ServerCertificate, host: string): boolean {
    return !connection.names.cover(host) && this.#covering(host) !== undefined;
  }

  #covering(host: string): ServerCertificate | undefined {
    return this.#byName.get(host) ?? this.#byName.get(wildcardOf(host) ?? "");
  }
}
