import { statSync } from "node:fs";
import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";

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
        ? "leave it out: a backend whose URL begins with https:// is spoken to with TLS"
        : undefined,
  },
);

/** `tls` of a route. */
export const backendTls = defineSection({ schema: Type.Optional(schema), check });

const FILES = ["ca", "certificate", "key"] as const;

function check(tls: {
  readonly [Key in (typeof FILES)[number]]?: string | undefined;
}): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const key of FILES) {
    const file = tls[key];
    const message = file === undefined ? undefined : unreadable(file);
    if (message !== undefined) issues.push({ path: [key], message });
  }
  if (tls.certificate !== undefined && tls.key === undefined) {
    issues.push({ path: ["certificate"], message: "a certificate needs its private `key`" });
  }
  if (tls.key !== undefined && tls.certificate === undefined) {
    issues.push({ path: ["key"], message: "a private key needs its `certificate`" });
  }
  return issues;
}

function unreadable(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? undefined : `${file} is not a file`;
  } catch {
    return `${file} cannot be read; relative paths start at the working directory`;
  }
}
