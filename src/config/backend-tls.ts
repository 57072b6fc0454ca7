import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { isHostName } from "./listen-host.ts";
import { certificatesIn, PemFileError, privateKeyIn, readPemFile } from "./pem-files.ts";

/** TLS settings for a connection that the gateway opens. */
export const tlsSchema = (description: string, advice: (written: string) => string | undefined) =>
  Type.Object(
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
          description: "The host name that the server's certificate must be valid for.",
          minLength: 1,
          pattern: "^[A-Za-z0-9_.:-]+$",
          expected: "a host name, like api.example.com",
        }),
      ),
      insecure_skip_verify: Type.Boolean({
        description:
          "Accept any certificate. Anyone on the network path can then read the traffic.",
        default: false,
      }),
    },
    { additionalProperties: false, description, advice },
  );

const schema = tlsSchema("TLS settings for https backends.", (written) =>
  /^(?:true|on|yes)$/i.test(written)
    ? "leave it out: TLS is used for backends whose URL begins with https://"
    : undefined,
);

/** `tls` of a route. */
export const backendTls = defineSection({ schema: Type.Optional(schema), check: checkTls });

interface Tls {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly server_name?: string | undefined;
}

/** The files are parsed in full here: content that TLS cannot use would fail every connection. */
export function checkTls({ ca, certificate, key, server_name: name }: Tls): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const report = (place: keyof Tls, message: string) => issues.push({ path: [place], message });
  const read = <Content>(
    place: keyof Tls,
    file: string | undefined,
    parse: (file: string, pem: Buffer) => Content,
  ) => {
    if (file === undefined) return undefined;
    try {
      return parse(file, readPemFile(file));
    } catch (error) {
      if (!(error instanceof PemFileError)) throw error;
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
  if (name !== undefined && !isHostName(name)) {
    report("server_name", `\`${name}\` is not a host name, like api.example.com`);
  }
  return issues;
}
