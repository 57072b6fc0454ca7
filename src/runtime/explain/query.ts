import { AddressSet } from "../../http/address-set.ts";
import { bytesOf } from "../../http/bytes.ts";
import { type Field, fieldOf } from "../../http/field.ts";
import { FieldRules } from "../../http/field-rules.ts";
import { identifyClient, type Scheme } from "../../http/forwarded.ts";
import { isPreflight } from "../../http/preflight.ts";
import { RequestFields } from "../../http/request-fields.ts";
import { targetOf } from "../../http/target.ts";
import type { Config } from "../../config/schema.ts";
import { redactedNames } from "../../config/redacted-names.ts";
import { Cancellation } from "../../pipeline/cancellation.ts";
import type { ClientTls } from "../../pipeline/client-request.ts";
import { Exchange } from "../../pipeline/exchange.ts";
import { Redaction } from "../../pipeline/redaction.ts";

/** A request that is asked about. */
export interface ExplainQuery {
  readonly method: string;
  /** A path with its query, or a URL with scheme and host. */
  readonly url: string;
  /** Names and values. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The address that the connection comes from; 127.0.0.1 by default. */
  readonly client?: string | undefined;
}

/** Nothing can be asked about; the message says why. */
export class ExplainQueryError extends Error {}

const ABSOLUTE = /^(https?):\/\/([^/?#]*)([^#]*)/i;
const DEFAULT_CLIENT = "127.0.0.1";
const DEFAULT_HOST = "localhost";

/** The exchange of a request that nobody has sent. Throws an ExplainQueryError. */
export function exchangeOf(query: ExplainQuery, config: Config): Exchange {
  const method = query.method.trim();
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) {
    throw new ExplainQueryError(`"${query.method}" is no method; the method comes first, like GET`);
  }
  const absolute = ABSOLUTE.exec(query.url);
  const [, writtenScheme, authority, rest = query.url] = absolute ?? [];
  if (absolute === null && !rest.startsWith("/") && rest !== "*") {
    throw new ExplainQueryError(
      `a URL begins with "/", or with http:// or https:// and a host; "${query.url}" does not`,
    );
  }
  const fields = fieldsOf(query.fields);
  const isNamed = fields.some(({ name }) => name === "host");
  if (!isNamed) fields.unshift(fieldFrom("Host", authority ?? DEFAULT_HOST));
  const scheme = schemeOf(writtenScheme, config);
  const target = bytesOf(/^[/*]/.test(rest) ? rest : `/${rest}`);
  const peer = query.client ?? DEFAULT_CLIENT;
  const { trusted_proxies: trusted, untrusted_fields: untrusted } = config.server;
  const requestFields = new RequestFields(fields, new FieldRules(untrusted, []));
  const client = identifyClient(peer, requestFields, new AddressSet(trusted), scheme);
  const exchange = new Exchange({
    request: {
      method,
      target,
      protocol: "HTTP/1.1",
      fields,
      content: undefined,
      connection: {
        peer,
        peerPort: 0,
        tls: scheme === "https" ? tlsFor(requestFields.host) : undefined,
        isOpen: true,
      },
      refusal: undefined,
      cancellation: new Cancellation(),
      interim: () => {},
    },
    fields: requestFields,
    target: targetOf(method, target, requestFields.host),
    client,
    requestId: "explain",
    startedAt: 0,
    started: 0,
    onEnd: () => {},
  });
  exchange.redaction = new Redaction(redactedNames(config));
  return exchange;
}

/** The method that decides its route: of a preflight the one that it asks about. */
export function routedMethod({ method, fields }: Pick<Exchange, "method" | "fields">): string {
  const asked = isPreflight(method, fields) ? fields.get("access-control-request-method") : null;
  return asked ?? method;
}

function schemeOf(written: string | undefined, { server }: Config): Scheme {
  if (written !== undefined) return written.toLowerCase() === "https" ? "https" : "http";
  return server.port === "off" ? "https" : "http";
}

function tlsFor(host: string | null): ClientTls {
  return {
    version: "TLSv1.3",
    serverName: host ?? "",
    certificate: undefined,
    isMisdirected: () => false,
  };
}

function fieldsOf(written: ExplainQuery["fields"]): Field[] {
  return written.map(([name, value]) => fieldFrom(name, value));
}

function fieldFrom(name: string, value: string): Field {
  try {
    return fieldOf(name, bytesOf(value.trim()));
  } catch (error) {
    throw new ExplainQueryError((error as Error).message);
  }
}
