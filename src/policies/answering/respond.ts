import { type StaticDecode, Type } from "@sinclair/typebox";
import { type Field, fieldOf } from "../../http/field.ts";
import { FieldList } from "../../http/field-list.ts";
import { hopByHopFields, TOKEN } from "../../http/fields.ts";
import { Answer } from "../../pipeline/answer.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { type ParsedText, PlaceholderText, Template } from "../../pipeline/placeholders.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { type Checkable, defineSection, TextProblem } from "../../pipeline/section.ts";
import { inField } from "../../pipeline/text-places.ts";
import { WrittenField } from "../written-field.ts";
import { bodyPlace, isJson, unquotedInJson } from "./body-place.ts";

const DEFAULT_STATUS = 200;
const PLAIN_TEXT = "text/plain;charset=utf-8";
const JSON_TYPE = "application/json";

const status = { minimum: 200, maximum: 599, expected: "a status from 200 to 599" };
const fieldValue = PlaceholderText({ expected: "a field's value, or a list of them" });

const form = Type.Object(
  {
    status: Type.Integer({
      ...status,
      default: DEFAULT_STATUS,
      description: "The status of the answer.",
    }),
    body: Type.Optional(
      PlaceholderText({
        description:
          "The content of the answer, with placeholders. What its Content-Type says decides how they are encoded: within JSON strings, in HTML and XML, or not at all in other text.",
      }),
    ),
    headers: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([fieldValue, Type.Array(fieldValue)], {
          expected: "a field's value, or a list of them",
        }),
        {
          description:
            "Fields of the answer, with placeholders. Content-Type is by default application/json for a JSON object or list and text/plain;charset=utf-8 for other text, and Cache-Control is no-store.",
          expected: "names of fields, each with its value",
        },
      ),
    ),
  },
  { additionalProperties: false },
);

const schema = Type.Union(
  [Type.Integer(status), PlaceholderText({ check: notAStatus, takesNumbers: false }), form],
  {
    description:
      "A fixed answer, in place of asking a backend: a status, a text for status 200, or {status, body, headers}.",
    expected: "a status from 200 to 599, a text, or {status, body, headers}",
  },
);

type RespondConfig = StaticDecode<typeof schema>;
type RespondForm = StaticDecode<typeof form>;

function notAStatus({ text }: ParsedText): TextProblem | undefined {
  return /^[1-5][0-9]{2}$/.test(text)
    ? new TextProblem(`a status is written without quotes: \`${text}\``, 0)
    : undefined;
}

/** `respond` of a route. */
export const respond = defineSection({ schema: Type.Optional(schema), check });

function check(written: Checkable<RespondConfig>): ConfigIssue[] {
  if (typeof written !== "object" || "parts" in written) return [];
  const { status, body, headers = {} } = written as Checkable<RespondForm>;
  const names = Object.keys(headers);
  const issues = names.flatMap((name, index): ConfigIssue[] => {
    const earlier = names.slice(0, index).find((one) => isSame(one, name));
    const message = fieldProblem(name) ?? (earlier && `that is \`${earlier}\` again`);
    return message === undefined ? [] : [{ path: ["headers", name], message }];
  });
  if (body === undefined) return issues;
  if (status !== undefined && WITHOUT_CONTENT.has(status)) {
    issues.push({ path: ["body"], message: `an answer with status ${status} has no content` });
  }
  const problem = unquotedInJson(body as ParsedText, typeOf(written as RespondForm));
  if (problem !== undefined) {
    issues.push({ path: ["body"], message: problem.message, offset: problem.offset });
  }
  return issues;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/** Decided by the connection and the content. */
const NOT_SETTABLE: ReadonlySet<string> = new Set([...hopByHopFields, "content-length"]);

function fieldProblem(name: string): string | undefined {
  if (!TOKEN.test(name)) return `\`${name}\` is not a field name`;
  return NOT_SETTABLE.has(name.toLowerCase())
    ? `the gateway itself sets \`${name}\`; leave it out`
    : undefined;
}

/** The Content-Type; empty if it depends on the request. */
function typeOf({ headers = {}, body }: Pick<RespondForm, "headers" | "body">): string {
  const [, written] = Object.entries(headers).find(([name]) => isSame(name, "content-type")) ?? [];
  if (written === undefined) return body !== undefined && isJson(body) ? JSON_TYPE : PLAIN_TEXT;
  const [first] = Array.isArray(written) ? written : [written];
  return (first && new Template(first, inField).constant) ?? "";
}

/** The end of a route that has one answer for its clients. */
export class FixedAnswer implements Handler {
  readonly #status: number;
  readonly #body: Template | undefined;
  readonly #own: readonly Field[];
  readonly #written: readonly WrittenField[];

  constructor(config: RespondConfig) {
    const form = formOf(config);
    const { status, body } = form;
    const hasContent = body !== undefined && !WITHOUT_CONTENT.has(status);
    this.#status = status;
    this.#body = hasContent ? new Template(body, bodyPlace(typeOf(form))) : undefined;
    this.#own = ownFields(form, hasContent);
    this.#written = writtenFields(form);
  }

  handle(exchange: Exchange): Answer {
    const written = this.#written.map((field) => field.of(exchange));
    const fields = new FieldList([...this.#own, ...written]);
    if (!fields.has("x-request-id")) fields.append("X-Request-ID", exchange.requestId);
    const content = this.#body?.text(exchange) ?? null;
    // The content of an answer to HEAD is not sent, so nobody else counts it.
    if (exchange.method === "HEAD" && content !== null) {
      fields.append("Content-Length", String(Buffer.byteLength(content)));
    }
    return new Answer(content, { status: this.#status, fields });
  }
}

function formOf(config: RespondConfig): RespondForm {
  if (typeof config === "number") return { status: config };
  return "parts" in config ? { status: DEFAULT_STATUS, body: config } : config;
}

/** What the answer has unless the configuration writes it. */
function ownFields(form: RespondForm, hasContent: boolean): Field[] {
  const names = Object.keys(form.headers ?? {});
  const has = (name: string) => names.some((one) => isSame(one, name));
  return [
    ...(hasContent && !has("content-type") ? [fieldOf("Content-Type", typeOf(form))] : []),
    ...(has("cache-control") ? [] : [fieldOf("Cache-Control", "no-store")]),
  ];
}

function writtenFields({ headers = {} }: RespondForm): WrittenField[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => new WrittenField(name, value)),
  );
}
