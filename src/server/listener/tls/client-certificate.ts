import type { X509Certificate } from "node:crypto";
import type { ClientCertificate } from "../../../pipeline/client-request.ts";

/** The facts of a verified certificate. */
export function clientCertificate(certificate: X509Certificate): ClientCertificate {
  return {
    subject: distinguishedName(certificate.subject),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    der: certificate.raw,
    clientCert: `:${certificate.raw.toString("base64")}:`,
  };
}

/**
 * A name as text by RFC 4514, most specific part first: "CN=device-1,O=Acme". Node writes a part a line
 * in the certificate's order, its values escaped, and " + " between the values of one part.
 */
export function distinguishedName(subject: string | undefined): string {
  // Control characters are escaped in the text, so each line break is a separator.
  const parts = (subject ?? "").split("\n").filter((part) => part !== "");
  return parts
    .map((part) => part.replaceAll(/(?<!\\) \+ /g, "+"))
    .toReversed()
    .join(",");
}
