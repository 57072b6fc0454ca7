import type { Field } from "../../src/http/field.ts";
import { fieldOf } from "../../src/http/field.ts";
import { contentLength } from "../../src/http/fields.ts";
import type { Answer } from "../../src/pipeline/answer.ts";
import { isReader } from "../../src/pipeline/answer.ts";
import { Cancellation } from "../../src/pipeline/cancellation.ts";
import type {
  ClientConnection,
  ClientProtocol,
  ClientRequest,
  RequestRefusal,
} from "../../src/pipeline/client-request.ts";
import type { ContentReader } from "../../src/pipeline/content.ts";
import type { Delivery } from "../../src/pipeline/delivery.ts";
import { GatewayError } from "../../src/pipeline/errors.ts";
import { type Flow, IncomingContent } from "../../src/pipeline/incoming-content.ts";

export interface Requested {
  readonly method?: string;
  readonly target?: string;
  readonly protocol?: ClientProtocol;
  readonly fields?: readonly Field[];
  readonly content?: IncomingContent | undefined;
  readonly connection?: Partial<ClientConnection>;
  readonly cancellation?: Cancellation;
  readonly refusal?: RequestRefusal | undefined;
  readonly interim?: ClientRequest["interim"];
}

/** A client's request without a socket. */
export function clientRequest({
  method = "GET",
  target = "/things",
  protocol = "HTTP/1.1",
  fields = [],
  content,
  connection = {},
  cancellation = new Cancellation(),
  refusal,
  interim = () => {},
}: Requested = {}): ClientRequest {
  return {
    method,
    target,
    protocol,
    fields,
    content,
    connection: {
      peer: "192.0.2.1",
      peerPort: 40_000,
      tls: undefined,
      isOpen: true,
      ...connection,
    },
    cancellation,
    refusal,
    interim,
  };
}

/** The fields of a record, or of pairs. */
export function fieldsFrom(
  fields: Record<string, string> | readonly (readonly [string, string])[],
): Field[] {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  return pairs.map(([name, value]) => fieldOf(name, value));
}

const NO_FLOW: Flow = { pause: () => {}, resume: () => {}, abandon: () => {} };

/** Content that is there. */
export function contentOf(body: string | Uint8Array, length?: number): IncomingContent {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const content = new IncomingContent(length, NO_FLOW);
  if (bytes.length > 0) content.push(bytes);
  content.finish();
  return content;
}

/** A stream as content. */
export function readerFrom(stream: ReadableStream<Uint8Array>): ContentReader {
  const reader = stream.getReader();
  return {
    read: async () => {
      const { done, value } = await reader.read();
      return { done, value };
    },
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  };
}

/** Content that comes from a stream, as fast as it does. */
export function contentFrom(
  stream: ReadableStream<Uint8Array>,
  length?: number,
  flow: Partial<Flow> = {},
): IncomingContent {
  const reader = stream.getReader();
  const content = new IncomingContent(length, {
    ...NO_FLOW,
    ...flow,
    abandon(reason) {
      flow.abandon?.(reason);
      void reader.cancel(reason).catch(() => {});
    },
  });
  void (async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        content.push(value);
      }
      content.finish();
    } catch (error) {
      content.fail(error as Error);
    }
  })();
  return content;
}

/** The content of a fetch body, as a client sends it: of known length unless it is a stream. */
export function contentOfBody(
  body: string | Uint8Array | ReadableStream<Uint8Array>,
  fields: readonly Field[] = [],
): IncomingContent {
  const announced = contentLength(
    fields.find(({ name }) => name === "content-length")?.value ?? null,
  );
  if (body instanceof ReadableStream) return contentFrom(body, announced);
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return contentOf(bytes, announced ?? bytes.length);
}

/** An answer as a Response; `delivery` is told what a listener tells it. */
export function asResponse(answer: Answer, delivery?: Delivery): Response {
  const headers = new Headers();
  for (const { name, value } of answer.fields.list) headers.append(name, value);
  const { status, statusText, body } = answer;
  const init = { status, statusText, headers };
  if (isReader(body)) return new Response(streamOf(body, delivery), init);
  if (body !== null) delivery?.sent(Buffer.byteLength(body));
  delivery?.ended();
  return new Response(body, init);
}

/** The content of an answer that has content to read. */
export function streamOf(body: ContentReader, delivery?: Delivery): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const { value } = await body.read();
          if (value === undefined) {
            delivery?.ended();
            controller.close();
            return;
          }
          delivery?.sent(value.length);
          controller.enqueue(value);
        } catch (error) {
          delivery?.ended(error as GatewayError);
          controller.error(error);
        }
      },
      async cancel(reason) {
        await body.cancel(reason);
        delivery?.ended(new GatewayError("client_closed", "the client left"));
      },
    },
    { highWaterMark: 0 },
  );
}
