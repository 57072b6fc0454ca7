import type { Field } from "../../../http/field.ts";
import { REDACTED, type Redaction } from "../../../pipeline/redaction.ts";
import { isJsonSoFar, looksLikeJson, redactedJson } from "./json.ts";
import { withoutNamedValues } from "./named-values.ts";
import { redactedXml } from "./xml.ts";

/** How content is read. */
export type ContentKind = "json" | "events" | "form" | "xml" | "text";

/** JSON in a text in JSON in a text; what is deeper is not looked into. */
const MOST_NESTED = 4;

/**
 * Leaves secrets out of content, by the names under which they travel: those of members of JSON, parameters
 * of forms and URLs, elements and attributes of XML, and words before `=` or `:` in other text, and in all that
 * does not keep to its format. Also out of content that has been cut. Takes time in proportion to the length.
 */
export class ContentRedaction {
  readonly #redaction: Redaction;
  readonly #secrets: readonly string[];

  /** `fields`: the request's; secrets that they hold are not kept elsewhere either. */
  constructor(redaction: Redaction, fields: readonly Field[]) {
    this.#redaction = redaction;
    this.#secrets = [...redaction.secretsIn(fields)];
  }

  /** `isCut`: whether the text is only the beginning of one, so that what ends it may be half a secret. */
  redacted(text: string, kind: ContentKind, isCut = false): string {
    const left = this.#redacted(text, kind);
    if (!isCut) return left;
    const tail = Math.max(0, left.length - LONGEST_USER);
    return left.slice(0, tail) + left.slice(tail).replace(HALF_A_USER, `$1${REDACTED}`);
  }

  #redacted(text: string, kind: ContentKind): string {
    if (kind === "json") return this.#json(text, 0);
    if (kind === "events") return text.replaceAll(EVENT, (event) => this.#event(event));
    if (kind === "form") return this.#form(text);
    if (kind === "xml") return this.#plain(redactedXml(text, this.#isSecret));
    return this.#text(text, 0);
  }

  readonly #isSecret = (name: string): boolean => this.#redaction.hides("query", name);

  #json(text: string, depth: number): string {
    const left = redactedJson(text, {
      isSecret: this.#isSecret,
      redactText: (inside) => this.#text(inside, depth + 1),
    });
    return isJsonSoFar(text) ? left : this.#plain(left);
  }

  /** A text, which may be JSON. */
  #text(text: string, depth: number): string {
    if (depth <= MOST_NESTED && looksLikeJson(text)) return this.#json(text, depth);
    return this.#plain(text);
  }

  #plain(text: string): string {
    if (this.#secrets.length === 0 && !SUSPICIOUS.test(text)) return text;
    const left = this.#redaction.text(text, this.#secrets);
    if (!left.includes("=") && !left.includes(":")) return left;
    return withoutNamedValues(left, this.#isSecret);
  }

  /** One event of a stream, whose data is one text however many lines it has. */
  #event(event: string): string {
    const lines = event.match(DATA_LINE) ?? [];
    if (lines.length < 2) return event.replaceAll(LINE, (line) => this.#line(line));
    const data = lines.map((line) => line.replace(DATA, "")).join("\n");
    const left = this.#text(data, 0);
    if (left === data) return event.replaceAll(LINE, (line) => this.#line(line));
    const others = event
      .replaceAll(DATA_LINE, "")
      .replaceAll(/(?:\r\n|\r|\n){2,}/g, "\n")
      .trim();
    const before = others === "" ? "" : `${this.#plain(others)}\n`;
    return `${before}data: ${left.replaceAll("\n", "\ndata: ")}`;
  }

  #line(line: string): string {
    const start = DATA.exec(line)?.[0].length ?? 0;
    return line.slice(0, start) + this.#text(line.slice(start), 0);
  }

  #form(text: string): string {
    const left = this.#redaction.query(`?${text}`).slice(1);
    const parameters = left.split("&").map((parameter) => this.#parameter(parameter));
    return this.#plain(parameters.join("&"));
  }

  /** A parameter whose value may be JSON, or have a secret in it. */
  #parameter(parameter: string): string {
    const start = parameter.indexOf("=") + 1;
    if (start === 0) return parameter;
    const value = decodedParameter(parameter.slice(start));
    const left = this.#text(value, 0);
    if (left === value) return parameter;
    return parameter.slice(0, start) + encodeURIComponent(left.toWellFormed());
  }
}

/** Stands before or after every name of a secret, and in every URL with a user. */
const SUSPICIOUS = /[=:?&;#%@]/;
/** Lines without an empty one between them. */
const EVENT = /[^\r\n]+(?:(?:\r\n|\r|\n)[^\r\n]+)*/g;
const LINE = /[^\r\n]+/g;
const DATA = /^data: ?/;
const DATA_LINE = /^data:[^\r\n]*/gm;
/** The beginning of a user's name and password, at the end of what has been cut. */
const HALF_A_USER =
  /((?:\\?\/|%(?:25)*2F){2})(?:[^\s/?#"'`&%@:]|%(?!(?:25)*3A))*(?::|%(?:25)*3A)[^\s/?#"'`&@]*$/i;
const LONGEST_USER = 1_024;
const ESCAPED_BYTE = /%([\da-f]{2})/gi;

/** What is no valid escape stays; what is no UTF-8 is replaced. */
function decodedParameter(written: string): string {
  const text = written.replaceAll("+", " ");
  try {
    return decodeURIComponent(text);
  } catch {
    const bytes = Buffer.from(text, "utf8").toString("latin1");
    const decoded = bytes.replaceAll(ESCAPED_BYTE, (_escape, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    return Buffer.from(decoded, "latin1").toString("utf8");
  }
}
