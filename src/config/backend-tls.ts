import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { isHostName } from "./listen-host.ts";
import { checkTlsFiles, type TlsFiles } from "../documents/tls-files.ts";

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

interface Tls extends TlsFiles {
  readonly server_name?: string | undefined;
}

export function checkTls({ server_name: name, ...files }: Tls): ConfigIssue[] {
  const issues = checkTlsFiles(files);
  if (name !== undefined && !isHostName(name)) {
    const message = `\`${name}\` is not a host name, like api.example.com`;
    issues.push({ path: ["server_name"], message });
  }
  return issues;
}
