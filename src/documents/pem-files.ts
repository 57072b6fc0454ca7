import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { FileProblem } from "./text-file.ts";

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** All certificates of a file, in its order; at least one. Throws a FileProblem. */
export function certificatesIn(file: string, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString("latin1").match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    throw new FileProblem([`${file} has no certificate in PEM${insteadOfCertificate(file, pem)}`]);
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new FileProblem([`certificate ${index + 1} in ${file} is damaged`], error);
    }
  });
}

/** What a file has in place of a certificate, and what to do. */
function insteadOfCertificate(file: string, content: Buffer): string {
  const label = /-----BEGIN ([A-Z ]+)-----/.exec(content.toString("latin1"))?.[1] ?? "";
  if (label.endsWith("PRIVATE KEY")) return ", but a private key; name the certificate's file";
  if (label.endsWith("CERTIFICATE REQUEST")) {
    return ", but a request for one; name the file that the issuer has made of it";
  }
  // A SEQUENCE of more than 255 bytes, the beginning of DER and of PKCS #12.
  if (content[0] !== 0x30 || content[1] !== 0x82) return "";
  return /\.(?:p12|pfx)$/i.test(file)
    ? `; take it out of PKCS #12 by \`openssl pkcs12 -nodes -in ${file} -out server.pem\`, which has the key as well`
    : `; it may be DER: convert it by \`openssl x509 -inform DER -in ${file} -out server.pem\``;
}

/** Throws a FileProblem. */
export function privateKeyIn(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_MISSING_PASSPHRASE") {
      throw new FileProblem(
        [
          `the private key in ${file} is encrypted, and the gateway has no passphrase; decrypt it with \`openssl pkey -in ${file} -out plain.key\``,
        ],
        error,
      );
    }
    if (code === "ERR_OSSL_EVP_UNSUPPORTED_ALGORITHM") {
      throw new FileProblem(
        [
          `the private key in ${file} is of a kind that TLS does not use; make one with \`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256\``,
        ],
        error,
      );
    }
    const instead = pem.includes("PRIVATE KEY-----") ? " that can be read" : "";
    throw new FileProblem([`${file} has no private key in PEM${instead}`], error);
  }
}
