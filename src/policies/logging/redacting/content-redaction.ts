import type { Field } from "../../../http/field.ts";
import { REDACTED, type Redaction } from "../../../pipeline/redaction.ts";
import { looksLikeJson, redactedJson } from "./json.ts";
import { redactedXml } from "./xml.ts";

/** How content is read. */
export type ContentKind = "json" | "events" | "form" | "xml" | "text";

/** JSON in a text in JSON in a text; what is deeper is not looked into. */
const MOST_NESTED = 4;

/**
 * Leaves secrets out of content, by the names under which they travel: those of members of JSON, parameters
 * of forms and URLs, elements and attributes of XML, and words before `=` or `:` in other text. Also out of
 * content that has been cut. Takes time in proportion to the length.
 */
export class ContentRedaction {
  readonly #redaction: Redaction;
  readonly #secrets: readonly string[];

  /** `fields`: the request's; secrets that they hold are not kept elsewhere either. */
  constructor(redaction: Redaction, fields: readonly Field[]) {
    this.#redaction = redaction;
    this.#secrets = [...redaction.secretsIn(fields)];
  }

  redacted(text: string, kind: ContentKind): string {
    if (kind === "json") return this.#json(text, 0);
    if (kind === "events") return text.replaceAll(LINE, (line) => this.#line(line));
    if (kind === "form") return this.#form(text);
    if (kind === "xml") return this.#plain(redactedXml(text, this.#isSecret));
    return this.#text(text, 0);
  }

  readonly #isSecret = (name: string): boolean => this.#redaction.hides("query", name);

  #json(text: string, depth: number): string {
    return redactedJson(text, {
      isSecret: this.#isSecret,
      redactText: (inside) => this.#text(inside, depth + 1),
    });
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
    return left.replaceAll(NAMED, (all, name: string, between: string, value: string) =>
      !value.includes(REDACTED) && this.#isSecret(name) ? name + between + REDACTED : all,
    );
  }

  /** A line of events, or of JSON texts one after the other. */
  #line(line: string): string {
    const start = DATA.exec(line)?.[0].length ?? 0;
    return line.slice(0, start) + this.#text(line.slice(start), 0);
  }

  #form(text: string): string {
    const left = this.#redaction.query(`?${text}`).slice(1);
    return left
      .split("&")
      .map((parameter) => this.#parameter(parameter))
      .join("&");
  }

  /** A parameter whose value may be JSON, or have a secret in it. */
  #parameter(parameter: string): string {
    const start = parameter.indexOf("=") + 1;
    if (start === 0) return parameter;
    const value = decodedParameter(parameter.slice(start));
    const left = value === undefined ? undefined : this.#text(value, 0);
    if (left === undefined || left === value) return parameter;
    return parameter.slice(0, start) + encodeURIComponent(left);
  }
}

/** Stands before or after every name of a secret, and in every URL with a user. */
const SUSPICIOUS = /[=:?&;#%@]/;
const LINE = /[^\r\n]+/g;
const DATA = /^data: ?/;

/** A name, what is between, and a value; `Authorization: Bearer abc` as well. */
const NAMED =
  /([\w.[\]-]{1,64})(\s{0,4}[=:]\s{0,4}(?:(?:Bearer|Basic|Digest|Token)\s{1,4})?)("[^"\r\n]*"?|'[^'\r\n]*'?|\[redacted\]|[^\s&,;<>"'}\]]+)/gi;

function decodedParameter(written: string): string | undefined {
  try {
    return decodeURIComponent(written.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
