import { FileProblem, readTextFile } from "../../../../documents/text-file.ts";
import type { ConfigIssue } from "../../../../pipeline/policy.ts";

interface TlsFiles {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** The texts of PEM files, as fetch takes them. */
export interface TlsTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Throws a FileProblem. */
export function readTls(files: TlsFiles | undefined): TlsTexts | undefined {
  if (files === undefined) return undefined;
  const { ca, certificate, key } = files;
  return {
    ...(ca !== undefined && { ca: readTextFile(ca) }),
    ...(certificate !== undefined && { cert: readTextFile(certificate) }),
    ...(key !== undefined && { key: readTextFile(key) }),
  };
}

/** Files that cannot be read or are not what they are named for. */
export function checkTls(files: TlsFiles | undefined): ConfigIssue[] {
  if (files === undefined) return [];
  const issues = KINDS.flatMap(([place, label, kind]): ConfigIssue[] => {
    const file = files[place];
    const message = file && problemOf(file, label, kind);
    return message === undefined ? [] : [{ path: ["tls", place], message }];
  });
  const { certificate, key } = files;
  if (certificate !== undefined && key === undefined) {
    issues.push({ path: ["tls", "certificate"], message: "a certificate needs its private `key`" });
  }
  if (key !== undefined && certificate === undefined) {
    issues.push({ path: ["tls", "key"], message: "a private key needs its `certificate`" });
  }
  return issues;
}

const KINDS = [
  ["ca", "CERTIFICATE-----", "certificate"],
  ["certificate", "CERTIFICATE-----", "certificate"],
  ["key", "PRIVATE KEY-----", "private key"],
] as const;

/** Why a file cannot be used; undefined if it can. */
function problemOf(file: string, label: string, kind: string): string | undefined {
  try {
    return readTextFile(file).includes(label) ? undefined : `${file} has no ${kind} in PEM`;
  } catch (error) {
    if (error instanceof FileProblem) return error.message;
    throw error;
  }
}
