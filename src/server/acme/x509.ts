import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from "node:crypto";
import {
  bitString,
  boolean,
  elementsOf,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from "./der.ts";

const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  extensionRequest: "1.2.840.113549.1.9.14",
  subjectAltName: "2.5.29.17",
  authorityKeyIdentifier: "2.5.29.35",
  acmeIdentifier: "1.3.6.1.5.5.7.1.31",
} as const;

/** A certificate chain and its private key, both in PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** A new private key, for an account or a certificate: ECDSA on P-256. Takes about 0.1 ms. */
export function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

export function keyAsPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" });
}

/** A certification request (RFC 2986) in DER for host names, signed with their key on P-256. */
export function certificationRequest(key: KeyObject, names: readonly string[]): Buffer {
  const extensions = sequence(subjectAltName(names));
  const info = sequence(
    integer(Buffer.from([0])),
    sequence(),
    publicKeyOf(key),
    tagged(0, sequence(objectIdentifier(OID.extensionRequest), set(extensions))),
  );
  return signed(info, key);
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A certificate that is served until an issuer's has arrived: nobody trusts it. */
export function placeholderCertificate(name: string, now: number): CertificateAndKey {
  return selfSigned("placeholder until a certificate is issued", now, subjectAltName([name]));
}

/** The certificate that answers a TLS-ALPN-01 challenge (RFC 8737 section 3). */
export function challengeCertificate(
  name: string,
  keyAuthorization: string,
  now: number,
): CertificateAndKey {
  const digest = createHash("sha256").update(keyAuthorization).digest();
  return selfSigned(
    "ACME challenge",
    now,
    subjectAltName([name]),
    sequence(objectIdentifier(OID.acmeIdentifier), boolean(true), octetString(octetString(digest))),
  );
}

function selfSigned(
  commonName: string,
  now: number,
  ...extensions: readonly Uint8Array[]
): CertificateAndKey {
  const key = newKey();
  const subject = sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    sequence(objectIdentifier(OID.ecdsaWithSha256)),
    subject,
    sequence(time(now - DAY_MS), time(now + 365 * DAY_MS)),
    subject,
    publicKeyOf(key),
    tagged(3, sequence(...extensions)),
  );
  return {
    certificate: asPem("CERTIFICATE", signed(body, key)),
    key: keyAsPem(key),
  };
}

function publicKeyOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

function signed(content: Uint8Array, key: KeyObject): Buffer {
  return sequence(
    content,
    sequence(objectIdentifier(OID.ecdsaWithSha256)),
    bitString(sign("sha256", content, key)),
  );
}

/** A subjectAltName extension of DNS names. */
function subjectAltName(names: readonly string[]): Buffer {
  const dnsNames = names.map((name) => tagged(2, Buffer.from(name), false));
  return sequence(objectIdentifier(OID.subjectAltName), octetString(sequence(...dnsNames)));
}

/** A key and the certificates after it; undefined if there is no certificate. */
export function splitPem(text: string): CertificateAndKey | undefined {
  const start = text.indexOf("-----BEGIN CERTIFICATE-----");
  return start === -1 ? undefined : { key: text.slice(0, start), certificate: text.slice(start) };
}

export function asPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/**
 * The name of a certificate at its issuer's renewal information (RFC 9773 section 4.1); undefined if it
 * does not tell its authority's key.
 */
export function renewalId({ raw }: X509Certificate): string | undefined {
  const [body] = elementsOf(raw).flatMap(({ content }) => elementsOf(content));
  if (body === undefined) return undefined;
  const fields = elementsOf(body.content);
  const serial = fields.find(({ tag }) => tag === 0x02)?.content;
  const extensions = fields.find(({ tag }) => tag === 0xa3)?.content;
  if (serial === undefined || extensions === undefined) return undefined;
  const wanted = objectIdentifier(OID.authorityKeyIdentifier);
  for (const list of elementsOf(extensions)) {
    for (const { content } of elementsOf(list.content)) {
      const parts = elementsOf(content);
      if (parts[0]?.whole.equals(wanted) !== true) continue;
      const keyId = elementsOf(parts.at(-1)?.content ?? Buffer.alloc(0))
        .flatMap(({ content: inner }) => elementsOf(inner))
        .find(({ tag }) => tag === 0x80)?.content;
      if (keyId !== undefined) return `${base64url(keyId)}.${base64url(serial)}`;
    }
  }
  return undefined;
}

export function base64url(content: string | Uint8Array): string {
  return Buffer.from(content as Uint8Array).toString("base64url");
}
