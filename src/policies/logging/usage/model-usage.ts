import { Answer, isReader } from "../../../pipeline/answer.ts";
import type { Exchange, ModelUsage } from "../../../pipeline/exchange.ts";
import { Beginning } from "../beginning.ts";
import { decoded, isEncoded } from "../decoded.ts";
import { SeenContent } from "../seen-content.ts";
import { EventUsage } from "./event-usage.ts";
import { JsonUsage, type ReadUsage } from "./json-usage.ts";

/** Of content that its backend compresses though it was asked not to, so much is kept, in bytes. */
const MOST_ENCODED = 262_144;
/** What that may become. */
const MOST_DECODED = 4_194_304;

/** Whoever sends compressed content is asked not to: it would have to be decompressed here. */
export function askForPlain({ outgoing }: Exchange): void {
  outgoing.set("accept-encoding", "identity");
}

/**
 * Reads what a language model's answer says of its tokens as it passes, and writes it to the exchange at
 * its end. Returns the answer to send instead, with the same content; undefined if there is nothing to read.
 */
export function readUsage(exchange: Exchange, answer: Answer): Answer | undefined {
  const { body, fields, status } = answer;
  if (body === null || status < 200 || status > 299) return undefined;
  const reader = readerFor(fields.get("content-type"));
  if (reader === undefined) return undefined;
  const coding = fields.get("content-encoding");
  const beginning = isEncoded(coding) ? new Beginning(MOST_ENCODED) : undefined;
  const viewer = beginning ?? reader;
  const seen = isReader(body) ? new SeenContent(body, viewer) : undefined;
  exchange.whenOver(() => {
    if (seen !== undefined) seen.look();
    else if (!isReader(body)) viewer.see(typeof body === "string" ? Buffer.from(body) : body);
    if (beginning !== undefined) seeDecoded(beginning, coding ?? "", reader);
    reader.end();
    const usage = reader instanceof JsonUsage && !reader.isComplete ? undefined : reader.read;
    exchange.usage = usage && usageOf(usage);
  });
  if (seen === undefined) return undefined;
  answer.takeBody();
  return new Answer(seen, answer);
}

function readerFor(contentType: string | null): JsonUsage | EventUsage | undefined {
  const type = contentType?.toLowerCase() ?? "";
  if (type.startsWith("text/event-stream")) return new EventUsage();
  return JSON_TYPE.test(type) ? new JsonUsage(false) : undefined;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json(?![\w.+-])/;

function seeDecoded(beginning: Beginning, coding: string, reader: JsonUsage | EventUsage): void {
  if (!beginning.isAll) return;
  const plain = decoded(beginning.kept, coding, MOST_DECODED);
  if (plain !== undefined && plain.isAll) reader.see(plain.content);
}

/** Undefined if it says nothing. Tokens that a cache has saved are part of those of the request. */
function usageOf(read: ReadUsage): ModelUsage | undefined {
  const { model, input, cacheWritten, cacheRead, output } = read;
  const cached = Math.max(0, cacheWritten) + Math.max(0, cacheRead);
  const tokensIn = input < 0 && cached === 0 ? -1 : Math.max(0, input) + cached;
  const isEmpty = model === "" && tokensIn < 0 && output < 0;
  return isEmpty ? undefined : { model, tokensIn, tokensOut: output };
}
