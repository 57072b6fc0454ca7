import { Answer } from "./answer.ts";
import { countedAsItLeaves } from "./content.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Makes the exchange count the content that is sent, and last until its end: a policy may have replaced
 * the backend's content.
 */
export function leaving(exchange: Exchange, answer: Answer): Answer {
  const { body } = answer;
  if (body instanceof ReadableStream) {
    return body === exchange.content ? answer : counted(exchange, answer, body);
  }
  // A WebSocket's answer is never sent, and its tunnel counts.
  if (exchange.status === 101) return answer;
  exchange.content = undefined;
  exchange.ended = undefined;
  // If the client has left, nothing is sent.
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
