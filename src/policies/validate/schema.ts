import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { Size } from "../../units/size.ts";

const Choice = <First extends string, Second extends string>(
  first: First,
  second: Second,
  description: string,
) => Type.Union([Type.Literal(first), Type.Literal(second)], { description, default: first });

const openapi = Type.Union(
  [
    Type.String({ minLength: 1 }),
    Type.Object(
      {
        file: Type.String({
          minLength: 1,
          description: "The document, OpenAPI 3.0 or 3.1 as YAML or JSON.",
        }),
        base_path: Type.Optional(
          Type.String({
            pattern: "^/",
            description:
              "What the paths of requests begin with before the document's own, like /api/v1. By default the paths of the document's `servers`.",
            expected: "a path, like /api/v1",
          }),
        ),
        unknown_operations: Choice(
          "reject",
          "pass",
          "What becomes of requests for paths and methods that are not in the document: `reject` answers 404 or 405, so that nothing undocumented can be reached.",
        ),
        unknown_parameters: Choice(
          "pass",
          "reject",
          "What becomes of query parameters that the operation does not have. By default they pass: OpenAPI does not forbid them.",
        ),
      },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      "A description of the API, by whose operations parameters and content are judged: the document, or { file, base_path, unknown_operations, unknown_parameters }. It may refer to other files; nothing is fetched. Read again when it changes.",
    expected: "the name of an OpenAPI document, like api.yaml",
  },
);

export const schema = Type.Union(
  [
    Type.Object(
      {
        body: Type.Optional(
          Type.String({
            minLength: 1,
            description:
              "A file with a JSON Schema (2020-12, also 2019-09 and draft-07) for the content of requests. It may refer to other files; nothing is fetched. Read again when it changes.",
            expected: "the name of a file with a JSON Schema, like schema.json",
          }),
        ),
        openapi: Type.Optional(openapi),
        mode: Choice(
          "enforce",
          "report",
          "`enforce` answers invalid requests with 400; `report` only logs them, to try a schema out.",
        ),
        max_body: Size({
          description:
            "The largest content that is read to be validated. Larger content is refused with 413, as it would have to be held in memory.",
          default: "1MiB",
          least: 1,
          most: 64 * 2 ** 20,
        }),
      },
      { additionalProperties: false },
    ),
    Type.Literal(false),
  ],
  {
    description:
      "What requests must look like; others get a 400 that lists every fault. `false`: no validation, under a default.",
    expected: "{ body: schema.json } or { openapi: api.yaml }",
    advice: (written: string) =>
      /\.(?:json|ya?ml)$/i.test(written)
        ? `write \`{ body: ${written} }\` for a JSON Schema, or \`{ openapi: ${written} }\` for an OpenAPI document`
        : undefined,
  },
);

export type ValidateConfig = Exclude<StaticDecode<typeof schema>, false>;
export type OpenApiConfig = Exclude<NonNullable<ValidateConfig["openapi"]>, string>;

/** The settings of a document that may be written as its name alone. */
export function openApiOf(written: NonNullable<ValidateConfig["openapi"]>): OpenApiConfig {
  return typeof written === "string"
    ? { file: written, unknown_operations: "reject", unknown_parameters: "pass" }
    : written;
}

/** Without what the files say: see `config/validation-files.ts`. */
export function check(config: ValidateConfig | false): ConfigIssue[] {
  if (config === false) return [];
  const { body, openapi: written } = config;
  if (body === undefined && written === undefined) {
    const message =
      "name what requests are validated by: `body: schema.json` or `openapi: api.yaml`";
    return [{ path: [], message }];
  }
  return [];
}
