import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, defineSection, type IsWhole, under } from "../pipeline/section.ts";
import { acme } from "./acme-schema.ts";
import {
  CertificateError,
  certificateWarnings,
  type ReadCertificate,
  readCertificate,
} from "./certificate-files.ts";
import { certificatesIn } from "../documents/pem-files.ts";
import { FileProblem, readFileBytes } from "../documents/text-file.ts";

const minVersion = Type.Transform(
  Type.Union([Type.Literal("1.2"), Type.Literal("1.3"), Type.Literal(1.2), Type.Literal(1.3)], {
    description: "The oldest version of TLS that clients may use.",
    default: "1.2",
    expected: '"1.2" or "1.3"',
    advice: (written: string) => {
      const [, minor] = /^(?:tls|version)+_?v?1[._]?([0-3])$/i.exec(written) ?? [];
      return minor === undefined ? undefined : `write \`"1.${minor === "3" ? 3 : 2}"\``;
    },
  }),
)
  .Decode((written): "1.2" | "1.3" => (String(written) === "1.3" ? "1.3" : "1.2"))
  .Encode((version) => version);

const certificate = Type.Object(
  {
    certificate: Type.String({
      description:
        "A PEM file with the certificate, followed by those of its issuers. It is chosen for the server names that it names, wildcards included.",
      minLength: 1,
      expected: "a file name, like certs/api.pem",
    }),
    key: Type.String({
      description:
        "A PEM file with the certificate's private key. EC keys cost a third of RSA's CPU.",
      minLength: 1,
      expected: "a file name, like certs/api.key",
    }),
  },
  { additionalProperties: false, expected: "a mapping with `certificate` and `key`" },
);

const clientCertificates = Type.Object(
  {
    ca: Type.String({
      description: "A PEM file with the authorities whose certificates are accepted.",
      minLength: 1,
      expected: "a file name, like clients-ca.pem",
    }),
    required: Type.Boolean({
      description:
        "Whether a client without an accepted certificate is refused. With false it is served as a client without a certificate.",
      default: true,
    }),
  },
  {
    additionalProperties: false,
    advice: (written: string) =>
      `write \`{ ca: ${/\.\w+$/.test(written) ? written : "ca.pem"} }\`, with the authorities whose certificates are accepted`,
    description:
      "Asks clients for certificates. Backends get them in Client-Cert (RFC 9440), which clients cannot send themselves.",
  },
);

const schema = Type.Object(
  {
    port: Type.Integer({
      description: "The port for HTTPS, on server.host; 0 picks a free one and logs it.",
      default: 8443,
      minimum: 0,
      maximum: 65_535,
    }),
    certificates: Type.Array(certificate, {
      description:
        "Chosen by the server name that a client asks for: exact, wildcard, the first. The files are read again when they change.",
      default: [],
    }),
    acme: acme.schema,
    min_version: minVersion,
    client_certificates: Type.Optional(clientCertificates),
    redirect: Type.Union([Type.Boolean(), Type.Integer({ minimum: 1, maximum: 65_535 })], {
      description:
        "Whether server.port answers 308 to the https URL, except for ACME challenges and /health. A number is the port in that URL, if clients reach the gateway by another one than `port`.",
      default: false,
      expected: "true, false or the port that clients use",
    }),
  },
  {
    additionalProperties: false,
    advice: () =>
      "name `certificates`, like `{ certificates: [{ certificate: api.pem, key: api.key }] }`, or `acme`",
    description: "HTTPS for clients.",
  },
);

export type TlsConfig = StaticDecode<typeof schema>;

/** `tls` of `server`. */
export const serverTls = defineSection({ schema: Type.Optional(schema), check });

type Written = Checkable<TlsConfig>;

function check(written: Written, isWhole: IsWhole): ConfigIssue[] {
  const { certificates = [], client_certificates: clients, acme: issuer } = written;
  const read = certificates.map((files, index) => checkCertificate(files, index));
  const issues = read.flatMap(({ issues }) => issues);
  if (certificates.length === 0 && issuer === undefined && isWhole(written)) {
    issues.push({
      path: [],
      message:
        "TLS needs `certificates`, like `- { certificate: api.pem, key: api.key }`, or `acme` to get them from an issuer",
    });
  }
  const chosen = new Map<string, number>();
  for (const [index, { certificate }] of read.entries()) {
    const names = certificate?.names.all ?? [];
    const earlier = names.map((name) => chosen.get(name));
    const [first] = earlier;
    if (first !== undefined && !earlier.includes(undefined)) {
      issues.push({
        path: ["certificates", index],
        message: `it is never chosen: certificate ${first + 1} of the list has its names`,
        severity: "warning",
      });
    }
    for (const name of names) if (!chosen.has(name)) chosen.set(name, index);
  }
  if (issuer !== undefined) issues.push(...under(["acme"], checkIssuer(issuer, chosen, isWhole)));
  if (clients?.ca !== undefined) {
    issues.push(...under(["client_certificates", "ca"], checkAuthorities(clients.ca)));
  }
  return issues;
}

/** `chosen` are the names of certificates that come from files. */
function checkIssuer(
  issuer: NonNullable<Written["acme"]>,
  chosen: ReadonlyMap<string, number>,
  isWhole: IsWhole,
): ConfigIssue[] {
  const issues = acme.check?.(issuer, isWhole) ?? [];
  for (const [index, domain] of (issuer.domains ?? []).entries()) {
    const name = domain?.toLowerCase() ?? "";
    const earlier = chosen.get(name);
    if (earlier === undefined) continue;
    issues.push({
      path: ["domains", index],
      message: `the issuer's certificate for \`${name}\` would never be chosen: certificate ${earlier + 1} of \`certificates\` has that name`,
      severity: "warning",
    });
  }
  return issues;
}

interface CheckedCertificate {
  readonly certificate: ReadCertificate | undefined;
  readonly issues: ConfigIssue[];
}

function checkCertificate(
  files: Checkable<TlsConfig>["certificates"] extends readonly (infer Item)[] | undefined
    ? Item
    : never,
  index: number,
): CheckedCertificate {
  if (files?.certificate === undefined || files.key === undefined) {
    return { certificate: undefined, issues: [] };
  }
  const path = (place: string) => ["certificates", index, place];
  try {
    const found = readCertificate({ certificate: files.certificate, key: files.key });
    const warnings = certificateWarnings(found, Date.now()).map(
      ({ place, message }): ConfigIssue => ({ path: path(place), message, severity: "warning" }),
    );
    return { certificate: found, issues: warnings };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return {
      certificate: undefined,
      issues: [{ path: path(error.place), message: error.message }],
    };
  }
}

function checkAuthorities(file: string): ConfigIssue[] {
  try {
    // One that has signed itself may be a client's own, to accept that client alone.
    const canBeMeant = certificatesIn(file, readFileBytes(file)).some(
      ({ ca, issuer, subject }) => ca || issuer === subject,
    );
    if (canBeMeant) return [];
    const message = `no certificate in ${file} is an authority's (CA:TRUE), so no client's certificate is accepted; name the authority's file`;
    return [{ path: [], message, severity: "warning" }];
  } catch (error) {
    if (error instanceof FileProblem) return [{ path: [], message: error.message }];
    throw error;
  }
}
