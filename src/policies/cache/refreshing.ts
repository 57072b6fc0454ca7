import { Cancellation } from "../../pipeline/cancellation.ts";
import type { ClientConnection, ClientRequest } from "../../pipeline/client-request.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";

/** The fields by which a client asks for less than the whole answer, or for another one. */
const CONDITIONS = [
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
] as const;

const NOT_REPEATED: ReadonlySet<string> = new Set([...CONDITIONS, "cache-control", "pragma"]);

/** Asks for the whole answer, whatever the client has. */
export function dropConditions(outgoing: Outgoing): void {
  for (const name of CONDITIONS) outgoing.remove(name);
}

/** An exchange of the cache's own, which asks for what a client's exchange has asked for. */
export function refreshing(exchange: Exchange): Exchange {
  const { request, fields } = exchange;
  const own: ClientRequest = {
    method: "GET",
    target: request.target,
    protocol: "HTTP/1.1",
    fields: fields.all.filter(({ name }) => !NOT_REPEATED.has(name)),
    content: undefined,
    connection: new NoConnection(request.connection.peer),
    refusal: undefined,
    cancellation: new Cancellation(),
    interim: () => {},
  };
  const fork = exchange.fork(own);
  const { outgoing } = fork;
  outgoing.method = "GET";
  for (const name of NOT_REPEATED) outgoing.remove(name);
  return fork;
}

/** Nobody's: a backend's connection that is reserved for a client's is not for the cache. */
class NoConnection implements ClientConnection {
  readonly peer: string;
  readonly peerPort = 0;
  readonly tls = undefined;
  readonly isOpen = false;

  constructor(peer: string) {
    this.peer = peer;
  }
}
