import type { ClientIdentity } from "../../../src/http/forwarded.ts";
import { RequestFields } from "../../../src/http/request-fields.ts";
import { readTarget } from "../../../src/http/target.ts";
import { type ClientPort, Exchange } from "../../../src/pipeline/exchange.ts";

export interface Opening {
  readonly url?: string;
  readonly method?: string;
  /** The Host field; the URL's by default, and null for none. */
  readonly host?: string | null;
  readonly fields?: Record<string, string> | readonly (readonly [string, string])[];
  readonly body?: NonNullable<RequestInit["body"]>;
  readonly signal?: AbortSignal;
  readonly client?: Partial<ClientIdentity>;
  readonly upgrade?: ClientPort["upgrade"];
}

/** An exchange with the id "request-1", for GET /things by default. */
export function openExchange({
  url = "http://gateway.test/things",
  method = "GET",
  host = new URL(url).host,
  fields = {},
  body,
  signal,
  client = {},
  upgrade = () => false,
}: Opening = {}): Exchange {
  const headers = new Headers(host === null ? {} : { host });
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  for (const [name, value] of pairs) headers.append(name, value);
  const request = new Request(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
  return new Exchange({
    request,
    fields: new RequestFields(request.headers),
    target: readTarget(url, host),
    client: {
      peer: "192.0.2.1",
      address: "192.0.2.1",
      protocol: "http",
      viaTrustedProxy: false,
      ...client,
    },
    requestId: "request-1",
    startedAt: Date.UTC(2026, 0, 1),
    started: 0,
    port: { idleSeconds: 0, timeout: () => {}, upgrade },
  });
}
