import type { ConfigIssue } from "../pipeline/policy.ts";
import { certificatesIn, privateKeyIn } from "./pem-files.ts";
import { FileProblem, readFileBytes } from "./text-file.ts";

/** The PEM files of a connection that the gateway opens, as the configuration names them. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** The files are parsed in full here: content that TLS cannot use would fail every connection. */
export function checkTlsFiles({ ca, certificate, key }: TlsFiles): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const report = (place: keyof TlsFiles, message: string) => {
    issues.push({ path: [place], message });
  };
  const read = <Content>(
    place: keyof TlsFiles,
    file: string | undefined,
    parse: (file: string, pem: Buffer) => Content,
  ) => {
    if (file === undefined) return undefined;
    try {
      return parse(file, readFileBytes(file));
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      report(place, error.message);
      return undefined;
    }
  };
  read("ca", ca, certificatesIn);
  const [own] = read("certificate", certificate, certificatesIn) ?? [];
  const ownKey = read("key", key, privateKeyIn);
  if (own !== undefined && ownKey !== undefined && !own.checkPrivateKey(ownKey)) {
    report("key", `${key} is not the key of the certificate in ${certificate}`);
  }
  if (certificate !== undefined && key === undefined) {
    report("certificate", "a certificate needs its private `key`");
  }
  if (key !== undefined && certificate === undefined) {
    report("key", "a private key needs its `certificate`");
  }
  return issues;
}
