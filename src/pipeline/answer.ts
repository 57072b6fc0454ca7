import { FieldList } from "../http/field-list.ts";
import type { Channel } from "./channel.ts";
import type { ContentReader } from "./content.ts";

export type AnswerBody = string | Uint8Array | ContentReader | null;

/** The answer for an exchange's client. */
export class Answer {
  /** 200 to 599; 101 if it has a tunnel. */
  readonly status: number;
  readonly statusText: string;
  /** Content-Length counts only where there is no content: for HEAD and 304. */
  readonly fields: FieldList;
  readonly body: AnswerBody;
  /** Takes over the client's connection, once the answer's header section has been sent. */
  readonly tunnel: ((client: Channel) => void) | undefined;
  #isTaken = false;

  constructor(
    body: AnswerBody,
    {
      status = 200,
      statusText = "",
      fields = new FieldList(),
      tunnel,
    }: Partial<Pick<Answer, "status" | "statusText" | "fields" | "tunnel">> = {},
  ) {
    this.status = status;
    this.statusText = statusText;
    this.fields = fields;
    this.body = body;
    this.tunnel = tunnel;
  }

  /** The content, for another answer that is made of it. Without this it is discarded then. */
  takeBody(): AnswerBody {
    this.#isTaken = true;
    return this.body;
  }

  /** The content will not be read: another answer is sent instead. */
  discard(reason: unknown): void {
    if (isReader(this.body)) void this.body.cancel(reason);
  }

  /** Discards the content unless the answer that is sent instead has it. */
  replacedBy(other: Answer): void {
    if (this.#isTaken || this.body === other.body || !isReader(this.body)) return;
    this.discard(new Error("the answer was replaced"));
  }
}

/** Whether content arrives piece by piece. */
export function isReader(body: AnswerBody): body is ContentReader {
  return typeof body === "object" && body !== null && !(body instanceof Uint8Array);
}
