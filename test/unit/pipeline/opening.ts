import type { FieldRules } from "../../../src/http/field-rules.ts";
import type { ClientIdentity } from "../../../src/http/forwarded.ts";
import { RequestFields } from "../../../src/http/request-fields.ts";
import { targetOf } from "../../../src/http/target.ts";
import { Exchange } from "../../../src/pipeline/exchange.ts";
import {
  clientRequest,
  contentOfBody,
  fieldsFrom,
  type Requested,
} from "../../support/client-request.ts";

export interface Opening {
  readonly url?: string;
  readonly method?: string;
  /** The Host field; the URL's by default, and null for none. */
  readonly host?: string | null;
  readonly fields?: Record<string, string> | readonly (readonly [string, string])[];
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly client?: Partial<ClientIdentity>;
  readonly fieldRules?: FieldRules;
  readonly request?: Requested;
  readonly onEnd?: (exchange: Exchange) => void;
}

/** An exchange with the id "request-1", for GET /things by default. */
export function openExchange({
  url = "http://gateway.test/things",
  method = "GET",
  host = new URL(url).host,
  fields = {},
  body,
  client = {},
  fieldRules,
  request: requested = {},
  onEnd = () => {},
}: Opening = {}): Exchange {
  const sent = [...(host === null ? [] : fieldsFrom({ host })), ...fieldsFrom(fields)];
  const { pathname, search } = new URL(url);
  const target = pathname + search;
  const request = clientRequest({
    method,
    target,
    fields: sent,
    ...(body !== undefined && { content: contentOfBody(body, sent) }),
    ...requested,
  });
  return new Exchange({
    request,
    fields: new RequestFields(request.fields, fieldRules),
    target: targetOf(method, target, host),
    client: {
      peer: "192.0.2.1",
      address: "192.0.2.1",
      protocol: "http",
      peerProtocol: "http",
      viaTrustedProxy: false,
      ...client,
    },
    requestId: "request-1",
    startedAt: Date.UTC(2026, 0, 1),
    started: 0,
    onEnd,
  });
}
