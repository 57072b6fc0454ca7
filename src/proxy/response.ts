import { appendToList, contentLength, removeHopByHopFields } from "../http/fields.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { countedBody } from "./body.ts";
import { VIA } from "./request.ts";
import { type Answer, backendError } from "./transport.ts";

/** How much of an answer is read whole, so that it keeps its Content-Length. */
const READ_WHOLE_UP_TO = 64 * 1024;

/**
 * Turns a backend's answer into the one for the client: hop-by-hop fields go, Via is added; the
 * content is passed on as it is, small content of known length in one piece, all else as a stream.
 */
export function prepareResponse(exchange: Exchange, answer: Answer): Response | Promise<Response> {
  const { response } = answer;
  const { status, headers } = response;
  if (status < 200 || status > 599) {
    answer.abort();
    throw new GatewayError("backend_protocol_error", `the backend answered with status ${status}`);
  }
  removeHopByHopFields(headers);
  appendToList(headers, "via", VIA);
  headers.set("x-request-id", exchange.requestId);
  if (response.body === null || exchange.method === "HEAD" || status === 204 || status === 304) {
    return response;
  }
  const length = contentLength(headers);
  return length !== undefined && length <= READ_WHOLE_UP_TO
    ? readWhole(exchange, answer, length)
    : passOn(exchange, answer, length);
}

async function readWhole(exchange: Exchange, answer: Answer, length: number): Promise<Response> {
  const { response } = answer;
  let bytes: Uint8Array;
  try {
    bytes = await response.bytes();
  } catch (error) {
    throw brokenOff(exchange, error);
  }
  if (bytes.length !== length) {
    throw new GatewayError(
      "backend_answer_incomplete",
      `the backend promised ${length} bytes and sent ${bytes.length}`,
    );
  }
  exchange.bytesOut = bytes.length;
  const { status, statusText, headers } = response;
  // The runtime gives a buffered body without a type one of its own; a stream's it leaves alone.
  const body = headers.has("content-type") ? bytes : oneChunk(bytes);
  return new Response(body, { status, statusText, headers });
}

function oneChunk(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function passOn(exchange: Exchange, answer: Answer, length: number | undefined): Response {
  const { response } = answer;
  if (response.body === null) return response;
  const { promise, resolve: end } = Promise.withResolvers<void>();
  exchange.ended = promise;
  const body = countedBody(response.body, {
    onChunk(bytes) {
      exchange.bytesOut += bytes;
    },
    onEnd() {
      if (length !== undefined && exchange.bytesOut !== length) {
        throw new GatewayError(
          "backend_answer_incomplete",
          `the backend promised ${length} bytes and sent ${exchange.bytesOut}`,
        );
      }
      end();
    },
    onError(error) {
      const failure = brokenOff(exchange, error);
      exchange.fail(failure.code, failure.message);
      answer.abort();
      end();
    },
    onCancel() {
      exchange.fail("client_closed", "the client left in the middle of the answer");
      exchange.status = 499;
      answer.abort();
      end();
    },
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

function brokenOff(exchange: Exchange, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (exchange.request.signal.aborted) {
    return new GatewayError("client_closed", "the client left in the middle of the answer");
  }
  const known = backendError(error);
  return known.code === "backend_connection_closed"
    ? new GatewayError("backend_answer_incomplete", "the backend broke off its answer", {
        cause: error,
      })
    : known;
}
