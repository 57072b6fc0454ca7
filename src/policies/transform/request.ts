import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Exchange } from "../../pipeline/exchange.ts";
import { placeholdersIn } from "../../pipeline/parsed-texts.ts";
import {
  type ConfigIssue,
  definePolicy,
  type Policy,
  type PolicyServices,
} from "../../pipeline/policy.ts";
import { under } from "../../pipeline/section.ts";
import { refusedInRequests } from "../field-names.ts";
import { checkFields, FieldChanges, fieldsSchema } from "./fields.ts";
import { checkJson, jsonSchema } from "./json/schema.ts";
import { JsonTransformation } from "./json/transformation.ts";
import { checkQuery, QueryTransformation, querySchema } from "./query.ts";

const schema = Type.Union(
  [
    Type.Object(
      {
        headers: Type.Optional(fieldsSchema("requests, as backends get them")),
        query: Type.Optional(querySchema),
        json: Type.Optional(jsonSchema("the content of requests, as backends get it,")),
      },
      { additionalProperties: false },
    ),
    Type.Literal(false),
  ],
  {
    description:
      "What is changed of requests on their way to backends. `false`: nothing, under a default.",
    expected: "{ headers, query, json }",
  },
);

type Config = StaticDecode<typeof schema>;

/** Changes what backends get: fields, query parameters and JSON content. */
export const transformRequest = definePolicy({
  name: "transform_request",
  routeReplacesGlobal: false,
  route: { key: "request", schema, check, create },
});

function check(config: Config): ConfigIssue[] {
  if (config === false) return [];
  const { headers = {}, query = {}, json } = config;
  return [
    ...under(["headers"], checkFields(headers, refusedInRequests)),
    ...under(["query"], checkQuery(query)),
    ...under(["json"], json === undefined ? [] : checkJson(json)),
    ...placeholdersOfLater(config),
  ];
}

/** Policies run before a backend is chosen. */
function placeholdersOfLater(config: Config): ConfigIssue[] {
  return placeholdersIn(config).flatMap(({ source, path, offset }): ConfigIssue[] => {
    const message = "`{backend.url}` is empty here: no backend has been chosen yet";
    return source === "backend.url" ? [{ path, message, offset }] : [];
  });
}

function create(config: Config, services: PolicyServices, route: string): Policy | undefined {
  if (config === false) return undefined;
  const fields = config.headers && new FieldChanges(config.headers);
  const query = config.query && new QueryTransformation(config.query);
  const json =
    config.json && new JsonTransformation(config.json, services, `${route}: a request's content`);
  return {
    name: "transform_request",

    request(exchange) {
      fields?.changeRequest(exchange);
      query?.change(exchange);
      if (json !== undefined) editContent(exchange, json);
      return undefined;
    },
  };
}

/** Has the content changed when it is read. Its type is the one that the backend gets. */
function editContent(exchange: Exchange, json: JsonTransformation): void {
  const { outgoing, request } = exchange;
  if (request.content === undefined) return;
  const isAccepted = json.accepts({
    type: outgoing.get("content-type"),
    coding: outgoing.get("content-encoding"),
    isPart: outgoing.get("content-range") !== null,
  });
  if (!isAccepted) return;
  outgoing.contentEdit = {
    largest: json.maxSize,
    edit: (content) => json.edit(content, exchange),
    tooLarge: () => json.tooLarge(),
  };
}
