import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ClientCertificate } from "../../../../pipeline/client-request.ts";
import { type Proof, Rejection, defineProvider } from "../../provider.ts";
import { AlternativeNamePattern } from "./alternative-names.ts";
import { COMMON_NAME } from "./attribute-types.ts";
import { type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import { NamePattern, nameText } from "./distinguished-names.ts";

/** A list of texts, each read when the configuration is. */
function ListOf<Rule>(read: (written: string) => Rule, description: string, expected: string) {
  return Type.Optional(
    Type.Array(
      Type.Transform(Type.String({ isOneItem: true, expected }))
        .Decode(read)
        .Encode(String),
      { minItems: 1, description },
    ),
  );
}

const rules = Type.Object(
  {
    subjects: ListOf(
      (written) => new NamePattern(written),
      "Names of which the certificate's subject must be one, like `CN=device-*,O=Acme`, by RFC 4514: each attribute that is written must be there, and no other value of the same type. Attributes of other types do not matter, nor does the order; `*` stands for one or more characters of a value.",
      "a name, like CN=device-*,O=Acme",
    ),
    sans: ListOf(
      (written) => new AlternativeNamePattern(written),
      "Subject alternative names of which the certificate must have one: `dns:*.devices.example.com`, `email:*@example.com`, `uri:spiffe://acme/device/*` or `ip:10.0.0.0/8`. `*` stays within a label of a host and a segment of a URI; `/**` at its end stands for all that follow.",
      "a name with its kind, like dns:*.example.com",
    ),
    fingerprints: ListOf(
      fingerprintOf,
      "SHA-256 fingerprints of which the certificate's must be one, with or without colons.",
      "64 hexadecimal digits",
    ),
    issuers: ListOf(
      (written) => new NamePattern(written),
      "Names of which the certificate's issuer must be one, written like `subjects`: for an authority that has several below it.",
      "a name, like CN=Device CA,O=Acme",
    ),
  },
  { additionalProperties: false },
);

const schema = Type.Union([Type.Literal(true), rules], {
  description:
    "Recognizes clients by their certificate, which an authority of `server.tls.client_certificates` must have issued. It must meet all the rules given here; `true` accepts every certificate of these authorities.",
  expected: "{subjects, sans, fingerprints, issuers}, or true",
});

type Rules = StaticDecode<typeof rules>;

/** What is known of a certificate by a provider's rules; they never change, and neither does it. */
interface Verdict {
  /** Undefined if it does not meet the rules. */
  readonly proof: Proof | undefined;
  readonly notAfter: number;
}

export const clientCertificateProvider = defineProvider({
  kind: "client_certificate",
  schema,
  check(config) {
    if (config === true || Object.keys(config).length > 0) return [];
    const message =
      'write which certificates are meant, like `subjects: ["CN=device-*,O=Acme"]`, or `client_certificate: true` for all that the authorities have issued';
    return [{ path: [], message }];
  },
  create(config, { clock }, name) {
    const wanted = config === true ? {} : config;
    const known = new WeakMap<ClientCertificate, Verdict>();

    function verdictOn(certificate: ClientCertificate): Verdict {
      const before = known.get(certificate);
      if (before !== undefined) return before;
      const verdict = judge(certificate, wanted);
      known.set(certificate, verdict);
      return verdict;
    }

    return {
      authenticate({ client, request }) {
        // A trusted proxy's own certificate is not its client's.
        const certificate = client.viaTrustedProxy
          ? undefined
          : request.connection.tls?.certificate;
        if (certificate === undefined) return undefined;
        const { proof, notAfter } = verdictOn(certificate);
        if (proof === undefined) {
          return new Rejection(
            "the client's certificate is not among those that this route accepts",
          );
        }
        // It was valid when the connection began.
        return clock.wall() > notAfter
          ? new Rejection("the client's certificate has expired")
          : proof;
      },
      challenge: () => `ClientCertificate realm="${name}"`,
      // A certificate proves nothing without its key, so that backends may have it in Client-Cert.
      removeCredentials() {},
    };
  },
});

function judge(certificate: ClientCertificate, wanted: Rules): Verdict {
  let facts: CertificateFacts;
  try {
    facts = certificateFacts(certificate.der);
  } catch (error) {
    if (error instanceof RangeError) return { proof: undefined, notAfter: 0 };
    throw error;
  }
  const { subjects, sans, fingerprints, issuers } = wanted;
  const { subject, issuer, alternativeNames, serial, notAfter } = facts;
  const named = sans && alternativeNames.find((one) => sans.some((san) => san.matches(one)));
  const isAccepted =
    (subjects === undefined || subjects.some((pattern) => pattern.matches(subject))) &&
    (sans === undefined || named !== undefined) &&
    (fingerprints === undefined || fingerprints.includes(certificate.fingerprint)) &&
    (issuers === undefined || issuers.some((pattern) => pattern.matches(issuer)));
  if (!isAccepted) return { proof: undefined, notAfter };
  const names = alternativeNames.map(({ kind, value }) => `${kind}:${value}`);
  return {
    notAfter,
    proof: {
      subject: named?.value ?? subjectOf(facts) ?? certificate.fingerprint,
      claims: {
        subject: certificate.subject,
        issuer: nameText(issuer),
        serial,
        fingerprint: certificate.fingerprint,
        sans: names,
      },
    },
  };
}

/** The common name if there is exactly one, otherwise the whole subject or the first other name. */
function subjectOf({ subject, alternativeNames }: CertificateFacts): string | undefined {
  const [commonName, ...others] = subject.filter(
    ({ type, isText }) => type === COMMON_NAME && isText,
  );
  if (commonName !== undefined && others.length === 0) return commonName.value;
  return subject.length > 0 ? nameText(subject) : alternativeNames[0]?.value;
}

function fingerprintOf(written: string): string {
  const digits = written
    .replace(/^sha-?256(?: fingerprint)?[:=]/i, "")
    .replaceAll(":", "")
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new Error(
    /^[0-9a-f]{40}$/.test(digits)
      ? "this is a SHA-1 fingerprint; write that of SHA-256: `openssl x509 -noout -fingerprint -sha256 -in FILE`"
      : "a SHA-256 fingerprint has 64 hexadecimal digits",
  );
}
