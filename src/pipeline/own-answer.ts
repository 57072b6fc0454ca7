import { fieldOf } from "../http/field.ts";
import { FieldList } from "../http/field-list.ts";
import { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";

/** An answer of the gateway's own: not cacheable, and with the exchange's id. */
export function ownAnswer(
  exchange: Exchange,
  contentType: string,
  content: string,
  status = 200,
): Answer {
  const fields = new FieldList([
    fieldOf("Content-Type", contentType),
    NO_STORE,
    fieldOf("X-Request-ID", exchange.requestId),
  ]);
  return new Answer(content, { status, fields });
}

const NO_STORE = fieldOf("Cache-Control", "no-store");
