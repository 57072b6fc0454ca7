import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { isHostName } from "./listen-host.ts";

const schema = Type.Object(
  {
    ca: Type.Optional(
      Type.String({
        description:
          "A PEM file with the certificate authorities to trust in place of the system's.",
        expected: "a file name, like ca.pem",
      }),
    ),
    certificate: Type.Optional(
      Type.String({
        description: "A PEM file with the certificate that the gateway presents.",
        expected: "a file name, like client.pem",
      }),
    ),
    key: Type.Optional(
      Type.String({
        description: "A PEM file with the certificate's private key.",
        expected: "a file name, like client.key",
      }),
    ),
    server_name: Type.Optional(
      Type.String({
        description: "The host name that the backend's certificate must be valid for.",
        minLength: 1,
        pattern: "^[A-Za-z0-9_.:-]+$",
        expected: "a host name, like api.example.com",
      }),
    ),
    insecure_skip_verify: Type.Boolean({
      description: "Accept any certificate. Anyone on the network path can then read the traffic.",
      default: false,
    }),
  },
  {
    additionalProperties: false,
    description: "TLS settings for https backends.",
    advice: (written: string) =>
      /^(?:true|on|yes)$/i.test(written)
        ? "leave it out: TLS is used for backends whose URL begins with https://"
        : undefined,
  },
);

/** `tls` of a route. */
export const backendTls = defineSection({ schema: Type.Optional(schema), check });

interface Tls {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly server_name?: string | undefined;
}

/** The files are parsed in full here: content that TLS cannot use would fail every connection. */
function check({ ca, certificate, key, server_name: name }: Tls): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const report = (place: keyof Tls, message: string) => issues.push({ path: [place], message });
  const read = <Content>(place: keyof Tls, file: string | undefined, parse: Parse<Content>) => {
    if (file === undefined) return undefined;
    const content = parsed(file, parse);
    if (typeof content !== "string") return content;
    report(place, content);
    return undefined;
  };
  read("ca", ca, CERTIFICATE);
  const own = read("certificate", certificate, CERTIFICATE);
  const ownKey = read("key", key, PRIVATE_KEY);
  if (own !== undefined && ownKey !== undefined && !own.checkPrivateKey(ownKey)) {
    report("key", `${key} is not the key of the certificate in ${certificate}`);
  }
  if (certificate !== undefined && key === undefined) {
    report("certificate", "a certificate needs its private `key`");
  }
  if (key !== undefined && certificate === undefined) {
    report("key", "a private key needs its `certificate`");
  }
  if (name !== undefined && !isHostName(name)) {
    report("server_name", `\`${name}\` is not a host name, like api.example.com`);
  }
  return issues;
}

interface Parse<Content> {
  readonly what: string;
  /** Throws for anything else. */
  readonly from: (pem: Buffer) => Content;
}

const CERTIFICATE: Parse<X509Certificate> = {
  what: "certificate",
  from: (pem) => new X509Certificate(pem),
};
const PRIVATE_KEY: Parse<KeyObject> = {
  what: "private key without a passphrase",
  from: (pem) => createPrivateKey(pem),
};

/** The content of a file, or why it cannot be read. */
function parsed<Content>(file: string, { what, from }: Parse<Content>): Content | string {
  let pem: Buffer;
  try {
    if (!statSync(file).isFile()) return `${file} is not a file`;
    pem = readFileSync(file);
  } catch {
    return `${file} cannot be read; relative paths start at the working directory`;
  }
  try {
    return from(pem);
  } catch {
    return `${file} has no ${what} in PEM`;
  }
}
