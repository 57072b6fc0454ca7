import { FieldList } from "../http/field-list.ts";
import type { HeadersCache } from "../http/headers-cache.ts";

export type AnswerBody = string | Uint8Array | ReadableStream<Uint8Array> | null;

/** The answer for an exchange's client. It becomes a Response at the end, for the listener. */
export class Answer {
  /** 200 to 599. */
  readonly status: number;
  readonly statusText: string;
  readonly fields: FieldList;
  readonly body: AnswerBody;

  constructor(
    body: AnswerBody,
    {
      status = 200,
      statusText = "",
      fields = new FieldList(),
    }: Partial<Pick<Answer, "status" | "statusText" | "fields">> = {},
  ) {
    this.status = status;
    this.statusText = statusText;
    this.fields = fields;
    this.body = body;
  }

  /** The content will not be read: another answer is sent instead. */
  discard(reason: unknown): void {
    if (this.body instanceof ReadableStream) this.body.cancel(reason).catch(() => {});
  }

  /** Discards the content unless the answer that is sent instead reads it. */
  replacedBy(other: Answer): void {
    const { body } = this;
    if (body === other.body || !(body instanceof ReadableStream)) return;
    // A body that the other one reads from has a reader, and stays.
    if (!body.locked) this.discard(new Error("the answer was replaced"));
  }
}

export function toResponse(
  { status, statusText, fields, body }: Answer,
  cache: HeadersCache,
): Response {
  const list = fields.list.flatMap(({ name, value }) => [name, value]);
  return new Response(body, { status, statusText, headers: cache.headersOf(list) });
}
