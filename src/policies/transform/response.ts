import { type StaticDecode, Type } from "@sinclair/typebox";
import { strengthened, weakenTag } from "../../http/entity-tag.ts";
import { FieldName } from "../../http/field.ts";
import { digestFields } from "../../http/fields.ts";
import type { FieldList } from "../../http/field-list.ts";
import { Answer, isReader } from "../../pipeline/answer.ts";
import type { ContentReader } from "../../pipeline/content.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { gather } from "../../pipeline/gather.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import {
  type ConfigIssue,
  definePolicy,
  type Policy,
  type PolicyServices,
} from "../../pipeline/policy.ts";
import { under } from "../../pipeline/section.ts";
import { refusedInAnswers } from "../field-names.ts";
import { checkFields, FieldChanges, fieldsSchema } from "./fields.ts";
import { checkJson, jsonSchema } from "./json/schema.ts";
import { JsonTransformation } from "./json/transformation.ts";
import { isJsonType } from "./json/type.ts";

const schema = Type.Union(
  [
    Type.Object(
      {
        headers: Type.Optional(fieldsSchema("answers, as clients get them")),
        json: Type.Optional(jsonSchema("the content of answers, as clients get it,")),
      },
      { additionalProperties: false },
    ),
    Type.Literal(false),
  ],
  {
    description:
      "What is changed of answers on their way to clients, except for the gateway's own errors. `false`: nothing, under a default.",
    expected: "{ headers, json }",
  },
);

type Config = StaticDecode<typeof schema>;

/** Changes what clients get: fields and JSON content. */
export const transformResponse = definePolicy({
  name: "transform_response",
  routeReplacesGlobal: false,
  route: { key: "response", schema, check, create },
});

function check(config: Config): ConfigIssue[] {
  if (config === false) return [];
  const { headers = {}, json } = config;
  return [
    ...under(["headers"], checkFields(headers, refusedInAnswers)),
    ...under(["json"], json === undefined ? [] : checkJson(json)),
  ];
}

function create(config: Config, services: PolicyServices, route: string): Policy | undefined {
  if (config === false) return undefined;
  const fields = config.headers && new FieldChanges(config.headers);
  const json =
    config.json && new JsonTransformation(config.json, services, `${route}: an answer's content`);
  return {
    name: "transform_response",

    request({ outgoing }) {
      if (json !== undefined) askForWhole(outgoing);
      return undefined;
    },

    response(exchange, answer) {
      if (isOwnError(exchange)) return undefined;
      fields?.changeAnswer(exchange, answer.fields);
      return json === undefined ? undefined : withJson(exchange, answer, json);
    },
  };
}

/**
 * What is meant for a backend's good answer, as to keep it for an hour, could be harmful on an error.
 * The refusal of a WebSocket is the backend's own.
 */
function isOwnError({ errorCode }: Exchange): boolean {
  return errorCode !== undefined && errorCode !== "websocket_refused";
}

/**
 * Content that is encoded, or of which only a part is sent, could not be changed: a client would get
 * what is to be removed. Validators are the backend's again, which were weakened on their way out.
 */
function askForWhole(outgoing: Outgoing): void {
  outgoing.set("accept-encoding", "identity");
  outgoing.remove("range");
  outgoing.remove("if-range");
  const condition = outgoing.get("if-match");
  if (condition?.includes("W/") === true) {
    outgoing.set("if-match", strengthened(condition));
  }
}

function withJson(
  exchange: Exchange,
  answer: Answer,
  json: JsonTransformation,
): Answer | undefined | Promise<Answer> {
  const { body, fields, status } = answer;
  if (answer.tunnel !== undefined) return undefined;
  const type = fields.get("content-type");
  if (body === null) {
    // The fields are about the content that a GET would have got.
    const isAbout = exchange.method === "HEAD" ? isJsonType(type) : status === 304;
    if (isAbout) describeChanged(fields, json, undefined);
    return undefined;
  }
  const coding = fields.get("content-encoding");
  const isPart = status === 206 || fields.has("content-range");
  if (body.length === 0 || !json.accepts({ type, coding, isPart })) return undefined;
  if (isReader(body)) {
    if (body.length === undefined || body.length <= json.maxSize) {
      answer.takeBody();
      return withReadJson(exchange, answer, body, json);
    }
    json.tooLarge();
    return undefined;
  }
  const content = typeof body === "string" ? Buffer.from(body) : body;
  if (content.length > json.maxSize) json.tooLarge();
  else return changed(exchange, answer, content, json);
  return undefined;
}

async function withReadJson(
  exchange: Exchange,
  answer: Answer,
  body: ContentReader,
  json: JsonTransformation,
): Promise<Answer> {
  const { whole, content } = await gather(body, json.maxSize);
  if (whole === undefined) json.tooLarge();
  const result = whole && changed(exchange, answer, whole, json);
  return result ?? new Answer(content, answer);
}

/** Undefined if the content stays as it is. */
function changed(
  exchange: Exchange,
  answer: Answer,
  content: Uint8Array,
  json: JsonTransformation,
): Answer | undefined {
  const result = json.edit(content, exchange);
  if (result === undefined) return undefined;
  describeChanged(answer.fields, json, result.length);
  return new Answer(result, answer);
}

/** Makes fields right for content that is not the backend's; `length` is undefined if unknown. */
function describeChanged(
  fields: FieldList,
  { dependsOnExchange }: JsonTransformation,
  length: number | undefined,
): void {
  fields.delete(dependsOnExchange ? ABOUT_CONTENT_AND_VALIDATORS : ABOUT_CONTENT);
  if (length !== undefined) fields.put(CONTENT_LENGTH.with(`${length}`));
  weakenTag(fields);
}

const CONTENT_LENGTH = new FieldName("Content-Length");

const ABOUT_CONTENT: ReadonlySet<string> = new Set([
  "accept-ranges",
  "content-length",
  "trailer",
  ...digestFields,
]);

/** If the content changes with each exchange, nothing says when it is still the same. */
const ABOUT_CONTENT_AND_VALIDATORS: ReadonlySet<string> = new Set([
  ...ABOUT_CONTENT,
  "etag",
  "last-modified",
]);
