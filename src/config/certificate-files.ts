import type { KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { CertificateNames, subjectAltNames } from "../http/certificate-names.ts";
import { certificatesIn, privateKeyIn } from "../documents/pem-files.ts";
import { FileProblem, readFileBytes } from "../documents/text-file.ts";

/** The files of a certificate that the gateway presents. */
export interface CertificateFiles {
  /** PEM; the gateway's own certificate first, then those of its issuers. */
  readonly certificate: string;
  readonly key: string;
}

/** What is wrong with one of the files; the message is for the operator. */
export class CertificateError extends Error {
  readonly place: keyof CertificateFiles;

  constructor(place: keyof CertificateFiles, message: string, cause?: unknown) {
    super(message, { cause });
    this.place = place;
  }
}

/** A certificate with its key, both usable. */
export interface ReadCertificate {
  /** All of the file: the certificate and its issuers'. */
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly own: X509Certificate;
  readonly names: CertificateNames;
}

/** Throws a CertificateError if TLS could not use the files. */
export function readCertificate(files: CertificateFiles): ReadCertificate {
  const certificate = at("certificate", () => readFileBytes(files.certificate));
  const key = at("key", () => readFileBytes(files.key));
  const chain = at("certificate", () => certificatesIn(files.certificate, certificate));
  const privateKey = at("key", () => privateKeyIn(files.key, key));
  const own = ownOf(chain, privateKey, files);
  try {
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateError("certificate", `TLS cannot use it: ${reason}`, error);
  }
  return {
    certificate,
    key,
    own,
    names: new CertificateNames(subjectAltNames(own.subjectAltName)),
  };
}

function ownOf(
  chain: readonly X509Certificate[],
  key: KeyObject,
  files: CertificateFiles,
): X509Certificate {
  const index = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  const own = chain[index];
  if (own === undefined) {
    throw new CertificateError(
      "key",
      `${files.key} is not the key of the certificate in ${files.certificate}`,
    );
  }
  if (index === 0) return own;
  throw new CertificateError(
    "certificate",
    `the key belongs to certificate ${index + 1} in ${files.certificate}; put that one first, and then those of its issuers`,
  );
}

function at<Content>(place: keyof CertificateFiles, read: () => Content): Content {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileProblem) throw new CertificateError(place, error.message, error);
    throw error;
  }
}

interface Warning {
  readonly place: keyof CertificateFiles;
  readonly message: string;
}

const DAY_MS = 86_400_000;
const SOON_MS = 14 * DAY_MS;
/** Short-lived certificates are renewed when a third of their life is left. */
const SOON_SHARE = 1 / 3;
const SHORTEST_RSA_BITS = 2048;

/** Why clients will refuse it, or soon will. `now` is in Unix epoch milliseconds. */
export function certificateWarnings(
  { own, names }: Pick<ReadCertificate, "own" | "names">,
  now: number,
): Warning[] {
  const warnings: Warning[] = [];
  const warn = (place: keyof CertificateFiles, message: string) =>
    warnings.push({ place, message });
  const from = Date.parse(own.validFrom);
  const to = Date.parse(own.validTo);
  if (to <= now) {
    warn("certificate", `it expired on ${dateOf(to)}: clients refuse it; renew it`);
  } else if (from > now) {
    warn("certificate", `it is not valid before ${dateOf(from)}: clients refuse it until then`);
  } else if (to - now < Math.min(SOON_MS, (to - from) * SOON_SHARE)) {
    warn("certificate", `it expires on ${dateOf(to)}; renew it`);
  }
  if (names.all.length === 0) {
    warn(
      "certificate",
      "it names no host (subjectAltName): clients refuse it, and no server name chooses it",
    );
  }
  const bits = own.publicKey.asymmetricKeyDetails?.modulusLength ?? Infinity;
  if (bits < SHORTEST_RSA_BITS) {
    warn("key", `an RSA key of ${bits} bits is too weak for many clients; use EC P-256`);
  }
  return warnings;
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
}
