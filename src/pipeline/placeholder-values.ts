import { bytesOf } from "../http/bytes.ts";
import { cookieValue } from "../http/cookies.ts";
import { TOKEN } from "../http/fields.ts";
import { hostName, hostPort } from "../http/host.ts";
import { queryParameter } from "../http/query.ts";
import { claimOf, claimText } from "./claims.ts";
import { clientField } from "./client-field.ts";
import type { Exchange } from "./exchange.ts";

/**
 * What a value consists of: Unicode text; bytes, one a character; a part of a path, percent-encoded and
 * normal; a query as it was sent; or a valid host.
 */
export type ValueForm = "text" | "bytes" | "path" | "query" | "host";

/** Where the value of a placeholder comes from. */
interface ValueSource {
  readonly form: ValueForm;
  /** `name` is the NAME of those that have one. Empty if there is no value. */
  read(this: void, exchange: Exchange, name: string): string;
}

interface NamedSource extends ValueSource {
  /** How a NAME is kept; undefined if it cannot be one. */
  nameOf(this: void, written: string): string | undefined;
}

/** The placeholders without a NAME. */
export const plainSources = {
  "request.id": { form: "text", read: ({ requestId }) => requestId },
  "request.method": { form: "text", read: ({ method }) => method },
  "request.path": { form: "path", read: ({ target }) => target.path },
  "request.query": { form: "query", read: ({ target }) => target.query.slice(1) },
  "request.host": { form: "host", read: ({ target }) => target.host },
  "request.hostname": { form: "host", read: ({ target }) => hostnameOf(target.host) },
  "request.port": { form: "text", read: portOf },
  "request.scheme": { form: "text", read: ({ client }) => client.protocol },
  "client.ip": { form: "text", read: ({ client }) => client.address },
  "client.certificate.subject": { form: "text", read: certificateSubject },
  route: { form: "text", read: ({ route }) => route },
  "auth.subject": { form: "text", read: ({ identity }) => identity?.subject ?? "" },
  "auth.provider": { form: "text", read: ({ identity }) => identity?.provider ?? "" },
  "backend.url": { form: "text", read: ({ backend }) => backend },
  "trace.id": { form: "text", read: ({ trace }) => trace?.traceId ?? "" },
} as const satisfies Readonly<Record<string, ValueSource>>;

/** The placeholders that end in ".NAME". */
export const namedSources = {
  path: {
    form: "path",
    nameOf: (written) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(written) ? written : undefined),
    read: ({ parameters }, name) =>
      Object.hasOwn(parameters, name) ? (parameters[name] ?? "") : "",
  },
  query: {
    form: "bytes",
    // Names are compared with those of the query byte by byte.
    nameOf: (written) => (written === "" ? undefined : bytesOf(written)),
    read: ({ target }, name) => queryParameter(target.query, name) ?? "",
  },
  header: {
    form: "bytes",
    nameOf: (written) => (TOKEN.test(written) ? written.toLowerCase() : undefined),
    read: (exchange, name) => clientField(exchange, name) ?? "",
  },
  cookie: {
    form: "bytes",
    nameOf: (written) => (TOKEN.test(written) ? written : undefined),
    read: ({ fields }, name) => cookieValue(fields.all, name) ?? "",
  },
  "auth.claims": {
    form: "text",
    nameOf: (written) => (written === "" ? undefined : written),
    read: ({ identity }, name) =>
      identity === undefined ? "" : claimText(claimOf(identity.claims, name)),
  },
} as const satisfies Readonly<Record<string, NamedSource>>;

export type PlainSource = keyof typeof plainSources;
export type NamedSourceKey = keyof typeof namedSources;

/** All sources by their names, without ".NAME". */
export const valueSources: Readonly<Record<PlainSource | NamedSourceKey, ValueSource>> = {
  ...plainSources,
  ...namedSources,
};

/** The host without its port; IPv6 with brackets. */
function hostnameOf(host: string): string {
  return host.startsWith("[") ? `[${hostName(host)}]` : hostName(host);
}

/** The port in the Host, or that of the scheme; empty without a Host. */
function portOf({ target, client }: Exchange): string {
  if (target.host === "") return "";
  return String(hostPort(target.host) ?? (client.protocol === "https" ? 443 : 80));
}

/** A trusted proxy's own certificate is not its client's. */
function certificateSubject({ client, request }: Exchange): string {
  if (client.viaTrustedProxy) return "";
  return request.connection.tls?.certificate?.subject ?? "";
}
