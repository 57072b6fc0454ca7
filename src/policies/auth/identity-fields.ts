import { Type } from "@sinclair/typebox";
import { bytesOf } from "../../http/bytes.ts";
import { encodeByte } from "../../http/path.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import {
  type ParsedText,
  parsePlaceholders,
  PlaceholderText,
  Template,
  type TextPlace,
} from "../../pipeline/placeholders.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { TextProblem } from "../../pipeline/section.ts";
import { nameProblem, refusedInRequests } from "../field-names.ts";

/** What backends learn of a client if the configuration does not say. */
const DEFAULT: Readonly<Record<string, string>> = {
  "x-auth-subject": "{auth.subject}",
  "x-auth-provider": "{auth.provider}",
};

/** The default fields, which no client may send even where a provider sets others. */
export const DEFAULT_FIELDS: readonly string[] = Object.keys(DEFAULT);

/** `identity_headers` of a provider. */
export const identityHeadersSchema = Type.Optional(
  Type.Record(Type.String(), PlaceholderText({}), {
    description:
      "The fields by which a backend learns who sent a request, with placeholders like {auth.subject} and {auth.claims.email}; one that comes out empty is not sent. No client can send any of them, on any route. Characters other than visible ASCII are percent-encoded, and so is `%`. Default: X-Auth-Subject and X-Auth-Provider.",
    expected: 'fields with their values, like { X-User: "{auth.subject}" }',
  }),
);

type IdentityHeaders = Readonly<Record<string, ParsedText>>;

export function checkIdentityHeaders(headers: IdentityHeaders): ConfigIssue[] {
  return Object.keys(headers).flatMap((name) => {
    const message = nameProblem(name, refusedInRequests.set);
    return message === undefined ? [] : [{ path: [name], message }];
  });
}

/** Tells a backend who sent a request. */
export class IdentityFields {
  /** In lower case. */
  readonly names: readonly string[];
  readonly #texts: readonly (readonly [name: string, text: Template])[];

  constructor(headers: IdentityHeaders = defaultHeaders()) {
    this.#texts = Object.entries(headers).map(([name, text]) => [
      name.toLowerCase(),
      new Template(text, inIdentityField),
    ]);
    this.names = this.#texts.map(([name]) => name);
  }

  /** Sets the fields for an exchange whose identity is known. */
  set(exchange: Exchange): void {
    const { outgoing } = exchange;
    for (const [name, template] of this.#texts) {
      const value = template.text(exchange);
      if (value !== "") outgoing.set(name, value);
    }
  }
}

function defaultHeaders(): IdentityHeaders {
  const parsed: Record<string, ParsedText> = {};
  for (const [name, text] of Object.entries(DEFAULT)) {
    const read = parsePlaceholders(text);
    if (!(read instanceof TextProblem)) parsed[name] = read;
  }
  return parsed;
}

/**
 * A value that every backend reads alike, whatever it consists of: neither "ada" and " ada" nor two
 * spellings in different character sets can become the same.
 */
const inIdentityField: TextPlace = {
  literal: (text) => bytesOf(text).replace(CONTROLS_AND_BEYOND_ASCII, encodeByte),
  value: (value, form) =>
    (form === "text" ? bytesOf(value.toWellFormed()) : value).replace(
      NOT_VISIBLE_OR_OUTSIDE,
      (characters) => characters.replace(ANY, encodeByte),
    ),
};

const CONTROLS_AND_BEYOND_ASCII = /[^ -~]/g;
/** Everything other than visible ASCII, "%", and blanks around the value. */
const NOT_VISIBLE_OR_OUTSIDE = /[^ -$&-~]|^ +| +$/g;
const ANY = /[^]/g;
