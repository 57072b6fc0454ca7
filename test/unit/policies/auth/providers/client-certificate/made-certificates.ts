import { createHash } from "node:crypto";
import type { ClientCertificate } from "../../../../../../src/pipeline/client-request.ts";

/** A value in DER. */
export function der(tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x1_00
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split(".").map(Number);
  const bytes = [40 * first + second, ...others].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) {
      groups.unshift((rest & 0x7f) | 0x80);
    }
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

/** An attribute's type and value; its text's tag is UTF8String by default. */
export type MadeAttribute = readonly [type: string, value: string | Uint8Array, tag?: number];
/** Parts in the certificate's order, each of one attribute or more. */
export type MadeName = readonly (readonly MadeAttribute[])[];

function nameOf(parts: MadeName): Buffer {
  const sets = parts.map((attributes) =>
    der(
      0x31,
      ...attributes.map(([type, value, tag = 0x0c]) => der(0x30, oid(type), der(tag, value))),
    ),
  );
  return der(0x30, ...sets);
}

export interface Made {
  readonly subject?: MadeName;
  readonly issuer?: MadeName;
  /** Tags and contents of subject alternative names. */
  readonly names?: readonly (readonly [tag: number, content: string | Uint8Array])[];
  readonly serial?: readonly number[];
  readonly notAfter?: string;
}

export const CN = "2.5.4.3";
export const O = "2.5.4.10";

/** A certificate in DER that nobody has signed. */
export function madeDer({
  subject = [[[O, "Acme"]], [[CN, "device-1"]]],
  issuer = [[[CN, "ca"]]],
  names,
  serial = [0x01],
  notAfter = "301231235959Z",
}: Made = {}): Buffer {
  const algorithm = der(0x30, oid("1.2.840.10045.4.3.2"));
  const extension =
    names === undefined
      ? []
      : [
          der(
            0x30,
            oid("2.5.29.17"),
            der(0x01, Buffer.from([0xff])),
            der(0x04, der(0x30, ...names.map(([tag, content]) => der(tag, content)))),
          ),
        ];
  const usage = der(0x30, oid("2.5.29.15"), der(0x04, der(0x03, Buffer.from([7, 0x80]))));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from(serial)),
    algorithm,
    nameOf(issuer),
    der(0x30, der(0x17, "200101000000Z"), der(notAfter.length === 13 ? 0x17 : 0x18, notAfter)),
    nameOf(subject),
    der(0x30, algorithm, der(0x03, Buffer.from([0, 1]))),
    der(0xa3, der(0x30, usage, ...extension)),
  );
  return der(0x30, body, algorithm, der(0x03, Buffer.from([0, 1])));
}

/** The same as a listener hands it out. */
export function madeCertificate(
  made: Made = {},
  subject = "CN=device-1,O=Acme",
): ClientCertificate {
  const bytes = madeDer(made);
  return {
    subject,
    der: bytes,
    fingerprint: createHash("sha256").update(bytes).digest("hex"),
    clientCert: `:${bytes.toString("base64")}:`,
  };
}
