import { isIP } from "node:net";
import { normalizeAddress } from "./address.ts";

/**
 * The names that a certificate is good for, as TLS clients compare them (RFC 9525 section 6.3): exact
 * names, addresses, and wildcards that stand for exactly one label.
 */
export class CertificateNames {
  /** As in the certificate, in lower case: "api.example.com", "*.example.com", "127.0.0.1". */
  readonly all: readonly string[];
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.all = names.map(normalized);
    this.#names = new Set(this.all);
  }

  /** Whether it is good for a host: a name in lower case, or an address without brackets. */
  cover(host: string): boolean {
    const name = normalized(host);
    return this.#names.has(name) || this.#names.has(wildcardOf(name) ?? "");
  }
}

/** "*.example.com" for "api.example.com"; undefined for addresses and names of one label. */
export function wildcardOf(name: string): string | undefined {
  const dot = name.indexOf(".");
  return dot <= 0 || isIP(name) !== 0 ? undefined : `*${name.slice(dot)}`;
}

function normalized(name: string): string {
  if (isIP(name) === 0) return name.toLowerCase().replace(/\.$/, "");
  const address = normalizeAddress(name);
  // Certificates spell "::1" as "0:0:0:0:0:0:0:1".
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/**
 * The names in a certificate's subjectAltName as Node writes it: "DNS:api.example.com, IP
 * Address:127.0.0.1". Others, such as mail addresses, are left out.
 */
export function subjectAltNames(text: string | undefined): string[] {
  if (text === undefined) return [];
  // An entry with unusual characters is a JSON string.
  const entries = text.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return entries.flatMap((entry) => {
    const [, name] = /^\s*(?:DNS|IP Address):([A-Za-z0-9*._:-]+)\s*$/.exec(entry) ?? [];
    return name === undefined ? [] : [name];
  });
}
