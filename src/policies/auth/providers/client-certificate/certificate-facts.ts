import { DerReader, derText, derTime, objectIdentifier, TAG } from "./der.ts";
import type { Attribute } from "./distinguished-names.ts";

/** One of a certificate's subject alternative names (RFC 5280 section 4.2.1.6). */
export interface AlternativeName {
  readonly kind: "dns" | "email" | "uri" | "ip";
  readonly value: string;
}

/** What rules for certificates look at. */
export interface CertificateFacts {
  /** The parts of the subject, in the order of RFC 4514: the last one of the certificate comes first. */
  readonly subject: readonly Attribute[];
  readonly issuer: readonly Attribute[];
  readonly alternativeNames: readonly AlternativeName[];
  /** In lower-case hexadecimal digits, without bytes of zero in front. */
  readonly serial: string;
  /** Unix epoch milliseconds. */
  readonly notAfter: number;
}

/**
 * Reads a certificate in DER, and not the text that TLS libraries make of it: in that, a value could
 * pass for several. Throws a RangeError for what is not a certificate.
 */
export function certificateFacts(der: Uint8Array): CertificateFacts {
  const body = new DerReader(der).enter(TAG.sequence).enter(TAG.sequence);
  body.skip(VERSION);
  const serial = Buffer.from(body.take(TAG.integer))
    .toString("hex")
    .replace(/^(?:00)+(?=..)/, "");
  body.take(TAG.sequence);
  const issuer = attributesIn(body.enter(TAG.sequence));
  const validity = body.enter(TAG.sequence);
  validity.next();
  const notAfter = derTime(validity.next());
  const subject = attributesIn(body.enter(TAG.sequence));
  body.take(TAG.sequence);
  body.skip(ISSUER_ID);
  body.skip(SUBJECT_ID);
  const alternativeNames = body.tag === EXTENSIONS ? namesIn(body.enter(EXTENSIONS)) : [];
  return { subject, issuer, alternativeNames, serial, notAfter };
}

const VERSION = 0xa0;
const ISSUER_ID = 0x81;
const SUBJECT_ID = 0x82;
const EXTENSIONS = 0xa3;
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

function attributesIn(name: DerReader): Attribute[] {
  const parts: Attribute[][] = [];
  while (!name.isAtEnd) {
    const part = name.enter(TAG.set);
    const attributes: Attribute[] = [];
    while (!part.isAtEnd) {
      const attribute = part.enter(TAG.sequence);
      const type = objectIdentifier(attribute.take(TAG.objectIdentifier));
      const value = attribute.next();
      // What is no text cannot be the same as any text of a rule.
      const text = derText(value) ?? `#${Buffer.from(value.content).toString("hex")}`;
      attributes.push({ type, value: text, isText: derText(value) !== undefined });
    }
    parts.push(attributes);
  }
  return parts.toReversed().flat();
}

function namesIn(wrapped: DerReader): AlternativeName[] {
  const extensions = wrapped.enter(TAG.sequence);
  while (!extensions.isAtEnd) {
    const extension = extensions.enter(TAG.sequence);
    const isMeant =
      objectIdentifier(extension.take(TAG.objectIdentifier)) === SUBJECT_ALTERNATIVE_NAME;
    extension.skip(TAG.boolean);
    const content = extension.take(TAG.octetString);
    if (isMeant) return generalNames(new DerReader(content).enter(TAG.sequence));
  }
  return [];
}

function generalNames(names: DerReader): AlternativeName[] {
  const found: AlternativeName[] = [];
  while (!names.isAtEnd) {
    const { tag, content } = names.next();
    const kind = KINDS[tag];
    if (kind === undefined) continue;
    const value = kind === "ip" ? addressIn(content) : Buffer.from(content).toString("latin1");
    if (value !== undefined) found.push({ kind, value });
  }
  return found;
}

/** The tags of the kinds of names that rules are about. */
const KINDS: Readonly<Record<number, AlternativeName["kind"]>> = {
  0x81: "email",
  0x82: "dns",
  0x86: "uri",
  0x87: "ip",
};

function addressIn(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[2 * at] ?? 0) * 256 + (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  // Finds the shortest spelling (RFC 5952).
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
