import { FieldList } from "../http/field-list.ts";
import { fieldOf } from "../http/field.ts";
import { removedFields } from "../http/fields.ts";
import { Answer } from "../pipeline/answer.ts";
import type { ClientRequest } from "../pipeline/client-request.ts";
import type { ContentReader, ReadResult } from "../pipeline/content.ts";
import { streamOf } from "../pipeline/web-stream.ts";

/**
 * A client's request as a Web object, for the operator's app. Its URL is on localhost if the Host cannot be
 * part of one, and is without a path if the target cannot. Throws a TypeError for a method that Web objects
 * do not allow.
 */
export function webRequest(request: ClientRequest): Request {
  const { method, target, content } = request;
  const headers = webHeaders(request);
  const asked = `http://${headers.get("host") ?? "localhost"}`;
  const origin = URL.canParse(asked) ? asked : "http://localhost";
  const url = target.startsWith("/") ? origin + target : target;
  const hasBody = content !== undefined && method !== "GET" && method !== "HEAD";
  return new Request(URL.canParse(url) ? url : origin, {
    method,
    headers,
    ...(hasBody && { body: streamOf(content) }),
  });
}

/** The fields of a client's request as a Web object. */
export function webHeaders({ fields }: ClientRequest): Headers {
  const headers = new Headers();
  for (const { name, value } of fields) headers.append(name, value);
  return headers;
}

/** The answer of the operator's app, as the gateway sends it. */
export function answerOf({ status, statusText, headers, body }: Response): Answer {
  const list = [...headers].map(([name, value]) => fieldOf(name, value));
  const fields = new FieldList(list.filter(({ name }) => !removedFields.has(name)));
  return new Answer(body === null ? null : readerOf(body), { status, statusText, fields });
}

function readerOf(stream: ReadableStream<Uint8Array>): ContentReader {
  const reader = stream.getReader();
  return {
    read: async (): Promise<ReadResult> => {
      const { done, value } = await reader.read();
      return done ? { done } : { done, value };
    },
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  };
}
