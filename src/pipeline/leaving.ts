import { Answer } from "./answer.ts";
import { countedAsItLeaves } from "./content.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Sees to it that the exchange counts the content that leaves, and lasts as long: a policy may have
 * put its own in the place of the backend's.
 */
export function leaving(exchange: Exchange, answer: Answer): Answer {
  const { body } = answer;
  if (body instanceof ReadableStream) {
    return body === exchange.content ? answer : counted(exchange, answer, body);
  }
  // A WebSocket has an answer that is never sent, and counts for itself.
  if (exchange.status === 101) return answer;
  exchange.content = undefined;
  exchange.ended = undefined;
  // Nobody is there to get it when the client has left.
  exchange.bytesOut = body === null || exchange.errorCode === "client_closed" ? 0 : sizeOf(body);
  return answer;
}

function counted(exchange: Exchange, answer: Answer, body: ReadableStream<Uint8Array>): Answer {
  const { promise, resolve } = Promise.withResolvers<void>();
  exchange.ended = promise;
  exchange.bytesOut = 0;
  exchange.content = countedAsItLeaves(
    body,
    (bytes) => {
      exchange.bytesOut += bytes;
    },
    resolve,
  );
  return new Answer(exchange.content, answer);
}

function sizeOf(body: string | Uint8Array): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}
