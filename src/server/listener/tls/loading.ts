import { X509Certificate } from "node:crypto";
import { type CertificateFiles, readCertificate } from "../../../config/certificate-files.ts";
import { certificatesIn } from "../../../documents/pem-files.ts";
import { readFileBytes } from "../../../documents/text-file.ts";
import { CertificateNames, subjectAltNames } from "../../../http/certificate-names.ts";
import type { ServerCertificate } from "./certificates.ts";
import {
  type ContextOptions,
  type MinVersion,
  openContext,
  type PemPair,
} from "./secure-context.ts";

/** `server.tls`, as far as it is about certificates. */
export interface StoreConfig {
  readonly certificates: readonly CertificateFiles[];
  readonly min_version: MinVersion;
  readonly client_certificates?: { readonly ca: string; readonly required: boolean } | undefined;
}

/** A certificate, and what its context was made of. */
export interface Opened extends ServerCertificate {
  readonly pair: PemPair;
  readonly own: X509Certificate;
}

/** What a configuration's files contain. */
export interface Loaded {
  readonly options: ContextOptions;
  /** The file with the authorities in `options`. */
  readonly authorities: string | undefined;
  /** By its files, in the configuration's order; see `certificateOf`. */
  readonly certificates: ReadonlyMap<string, Opened>;
}

/**
 * Reads all files. What cannot be read stays as it was before, and is reported; without one before, the
 * Error is thrown. Contexts are kept where nothing has changed, with their sessions.
 */
export function loadFiles(
  config: StoreConfig,
  before: Loaded | undefined,
  report: (error: Error) => void,
): Loaded {
  const { client_certificates: clients } = config;
  const options: ContextOptions = {
    minVersion: config.min_version,
    clientAuthorities: readAuthorities(config, before, report),
    clientCertificates:
      clients === undefined ? "ignored" : clients.required ? "required" : "asked for",
  };
  const certificates = new Map<string, Opened>();
  for (const files of config.certificates) {
    const key = keyOf(files);
    const known = before?.certificates.get(key);
    certificates.set(key, readOne(files, known, options, before, report));
  }
  return { options, authorities: config.client_certificates?.ca, certificates };
}

/** Opens a certificate, or keeps the one before if it is the same. Throws if TLS cannot use it. */
export function reopen(
  pair: PemPair,
  known: Opened | undefined,
  options: ContextOptions,
  before: ContextOptions | undefined,
): Opened {
  if (known !== undefined && Bun.deepEquals([known.pair, before], [pair, options])) return known;
  const own = new X509Certificate(pair.certificate);
  const names = new CertificateNames(subjectAltNames(own.subjectAltName));
  return { pair, own, names, context: openContext(pair, options) };
}

function readOne(
  files: CertificateFiles,
  known: Opened | undefined,
  options: ContextOptions,
  before: Loaded | undefined,
  report: (error: Error) => void,
): Opened {
  try {
    const { certificate, key } = readCertificate(files);
    return reopen({ certificate, key }, known, options, before?.options);
  } catch (error) {
    if (known === undefined || !(error instanceof Error)) throw error;
    report(error);
    return reopen(known.pair, known, options, before?.options);
  }
}

function readAuthorities(
  { client_certificates: clients }: StoreConfig,
  before: Loaded | undefined,
  report: (error: Error) => void,
): Buffer | undefined {
  if (clients === undefined) return undefined;
  try {
    const pem = readFileBytes(clients.ca);
    certificatesIn(clients.ca, pem);
    return pem;
  } catch (error) {
    if (before?.authorities !== clients.ca || !(error instanceof Error)) throw error;
    report(error);
    return before.options.clientAuthorities;
  }
}

/** The file of a certificate, from its key in `Loaded.certificates`. */
export function certificateOf(key: string): string {
  return key.slice(0, key.indexOf("\0"));
}

function keyOf({ certificate, key }: CertificateFiles): string {
  return `${certificate}\0${key}`;
}
