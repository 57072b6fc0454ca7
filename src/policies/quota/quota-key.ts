import { clientNetwork } from "../../http/address.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import {
  isParsedText,
  type ParsedText,
  Template,
  type TextPlace,
} from "../../pipeline/placeholders.ts";
import { asText, digestInKey, fitsInKey } from "../../pipeline/text-places.ts";
import { UNPRINTABLE } from "../../units/printable.ts";

/** What a quota counts by. */
export type QuotaKey = "subject" | "all" | "client_ip" | ParsedText;

/** As it is written. */
export function textOfKey(key: QuotaKey): string {
  return typeof key === "string" ? key : key.text;
}

/** Reads the key of an exchange: printable text, which operators see and can write. */
export function keyReader(key: QuotaKey): (exchange: Exchange) => string {
  if (key === "all") return () => "all";
  if (key === "subject") return subjectOf;
  if (!isParsed(key)) return ({ client }) => clientNetwork(client.address);
  const template = new Template(key, placeIn(key));
  if (isKeyOfCredentials(key)) return (exchange) => digestInKey(template.text(exchange));
  const sent = sentBy(key);
  if (sent.length === 0) return (exchange) => template.text(exchange);
  return (exchange) => {
    const text = template.text(exchange);
    return sent.some(({ source, name }) => exchange.redaction.hides(source, name))
      ? digestInKey(text)
      : text;
  };
}

/** Two providers may know different clients by the same name. */
function subjectOf({ identity }: Exchange): string {
  if (identity === undefined) return "";
  return `${identity.provider}/${readable(identity.subject.toWellFormed(), OF_ONE_VALUE)}`;
}

/**
 * Whether a key contains what proves who a client is. Operators and the file of counts then see its digest
 * alone.
 */
export function isKeyOfCredentials(key: QuotaKey): boolean {
  return isParsed(key) && sentBy(key).some(({ name }) => CREDENTIALS.test(name));
}

/** What a client sends, and where. */
interface Sent {
  readonly source: "header" | "cookie" | "query";
  readonly name: string;
}

/**
 * The values of a key that a client sends. What providers take credentials from, and `logging.redact`
 * lists, is known when there is an exchange.
 */
function sentBy({ parts }: ParsedText): Sent[] {
  return parts.flatMap((part) => {
    if (typeof part === "string") return [];
    const { source, name } = part;
    return source === "header" || source === "cookie" || source === "query"
      ? [{ source, name }]
      : [];
  });
}

const CREDENTIALS = /auth|token|secret|passw|api[-_]?key|^key$|sess|^sid$|cookie|jwt/i;

/**
 * Values do not have the characters of the literals between them, so different values make different
 * keys, wherever one ends and the next begins.
 */
function placeIn({ parts }: ParsedText): TextPlace {
  const literals = parts.filter((part) => typeof part === "string");
  const areSeveral = parts.length - literals.length > 1;
  const encoded = areSeveral ? new Encoded(`%|${literals.join("")}`) : OF_ONE_VALUE;
  const areAdjacent = parts.some(
    (part, at) => at > 0 && typeof part !== "string" && typeof parts[at - 1] !== "string",
  );
  const end = areAdjacent ? "|" : "";
  return {
    literal: (text) => OF_ONE_VALUE.in(text),
    value: (value, form, source) => {
      // Who counts by address among other things counts clients too.
      const counted = source === "client.ip" ? clientNetwork(value) : asText.value(value, form);
      return `${readable(counted, encoded)}${end}`;
    },
  };
}

/** Characters that are percent-encoded in keys: those listed, and unprintable ones. */
class Encoded {
  readonly #pattern: RegExp;
  /** Text that has none of them, which shows sooner. */
  readonly #plain: RegExp;

  constructor(listed: string) {
    const points = listed.replace(/[^]/gu, codePoint);
    this.#pattern = new RegExp(`[${points}${UNPRINTABLE}]`, "gu");
    this.#plain = new RegExp(`^(?:(?![${points}])[ -~])*$`, "u");
  }

  in(text: string): string {
    return this.#plain.test(text) ? text : text.replace(this.#pattern, percentEncoded);
  }
}

function codePoint(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

const OF_ONE_VALUE = new Encoded("%");

function readable(text: string, encoded: Encoded): string {
  return fitsInKey(text) ? encoded.in(text) : digestInKey(text);
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
}

function isParsed(key: QuotaKey): key is ParsedText {
  return typeof key === "object" && isParsedText(key);
}
