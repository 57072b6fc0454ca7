import { STATUS_CODES } from "node:http";
import type { Field } from "../../../http/field.ts";
import type { Answer } from "../../../pipeline/answer.ts";

/** What the connection, and not the answer, decides of a header section. */
export interface AnswerFraming {
  /** Bytes of content; undefined if unknown, "none" if the answer has none, whatever its fields say. */
  readonly length: number | undefined | "none";
  readonly chunked: boolean;
  /** The line of the Connection field, or empty. */
  readonly connection: string;
  readonly date: string;
}

export const CLOSE = "Connection: close\r\n";
export const UPGRADE = "Connection: upgrade\r\n";
export const KEEP_ALIVE = "Connection: keep-alive\r\n";

/** The header section of an answer, with the empty line at its end. Each character is one byte. */
export function answerHead({ status, statusText, fields }: Answer, framing: AnswerFraming): string {
  const { length, chunked, connection, date } = framing;
  let head = statusLine(status, statusText);
  let hasDate = false;
  let hasLength = false;
  for (const { name, line } of fields.list) {
    switch (name) {
      case "connection":
      case "transfer-encoding":
        continue;
      case "content-length":
        if (length !== "none" || hasLength) continue;
        hasLength = true;
        break;
      case "trailer":
        // Only chunks are followed by trailers.
        if (!chunked) continue;
        break;
      case "date":
        hasDate = true;
        break;
      default:
        break;
    }
    head += line;
  }
  if (!hasDate) head += date;
  if (chunked) head += "Transfer-Encoding: chunked\r\n";
  else if (typeof length === "number") head += `Content-Length: ${length}\r\n`;
  return `${head}${connection}\r\n`;
}

/** The header section of an interim answer (RFC 9110 section 15.2). */
export function interimHead(status: number, fields: readonly Field[]): string {
  let head = statusLine(status, "");
  for (const { line } of fields) head += line;
  return `${head}\r\n`;
}

function statusLine(status: number, reason: string): string {
  return `HTTP/1.1 ${status} ${reason === "" ? (STATUS_CODES[status] ?? "") : reason}\r\n`;
}
