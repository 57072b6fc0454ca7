import { readTextFile } from "../../../../documents/text-file.ts";
import type { TlsFiles } from "../../../../documents/tls-files.ts";

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
