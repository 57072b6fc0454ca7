import { placeholderCertificate } from "../../src/server/acme/x509.ts";
import type { Stage } from "./stage.ts";

/** A certificate on P-256 that nobody trusts, and its key, in PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export const SERVER_NAME = "bench.example";

/** The certificate of all contestants, made on first use. */
export async function certificateFiles(stage: Stage): Promise<CertificateFiles> {
  const files = { certificate: stage.path("server.pem"), key: stage.path("server.key") };
  if (await Bun.file(files.key).exists()) return files;
  const { certificate, key } = placeholderCertificate(SERVER_NAME, Date.now());
  await stage.write("server.pem", certificate);
  await stage.write("server.key", key);
  return files;
}
