import { Type } from "@sinclair/typebox";
import { withoutBlanksAround } from "../../http/blanks.ts";
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
import type { Proof } from "./provider.ts";

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
  /** Whether the fields depend on nothing but what credentials prove. */
  readonly #areOfProof: boolean;
  /** Names and values by what was proved: proofs that are remembered have the same ones each time. */
  readonly #known = new WeakMap<Proof, readonly string[]>();

  constructor(headers: IdentityHeaders = defaultHeaders()) {
    const written = Object.entries(headers);
    this.#texts = written.map(([name, text]) => [
      name.toLowerCase(),
      new Template(text, inIdentityField),
    ]);
    this.names = this.#texts.map(([name]) => name);
    this.#areOfProof = written.every(([, { parts }]) =>
      parts.every((part) => typeof part === "string" || part.source.startsWith("auth.")),
    );
  }

  /** Names, each followed by its value, for an exchange whose identity is known by this proof. */
  of(exchange: Exchange, proof: Proof): readonly string[] {
    if (!this.#areOfProof) return this.#fieldsOf(exchange);
    let fields = this.#known.get(proof);
    if (fields === undefined) {
      fields = this.#fieldsOf(exchange);
      this.#known.set(proof, fields);
    }
    return fields;
  }

  #fieldsOf(exchange: Exchange): readonly string[] {
    return this.#texts.flatMap(([name, template]) => {
      const value = withoutBlanksAround(template.text(exchange));
      return value === "" ? [] : [name, value];
    });
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
