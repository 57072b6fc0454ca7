import { FieldList } from "../http/field-list.ts";
import type { HeadersMolds } from "../http/headers-molds.ts";

export type AnswerBody = string | Uint8Array | ReadableStream<Uint8Array> | null;

/** What an exchange's client is to get. The listener gets it as a Response, which is made at the end. */
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

  /** Nobody will read the content: something else is sent in place of the answer. */
  discard(reason: unknown): void {
    if (this.body instanceof ReadableStream) this.body.cancel(reason).catch(() => {});
  }

  /** Lets go of content that another answer, sent in place of this one, has no use for. */
  replacedBy(other: Answer): void {
    const { body } = this;
    if (body === other.body || !(body instanceof ReadableStream)) return;
    // What the other one reads from has a reader, and stays.
    if (!body.locked) this.discard(new Error("the answer was replaced"));
  }
}

export function toResponse(
  { status, statusText, fields, body }: Answer,
  molds: HeadersMolds,
): Response {
  return new Response(body, { status, statusText, headers: molds.headersOf(fields.list) });
}
