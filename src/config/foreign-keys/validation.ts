import type { ForeignKeys } from "./foreign-keys.ts";

const ROUTE = "routes";
const VALIDATE = "routes.validate";

/** Keys of and for validation. */
export const foreignInValidation: readonly ForeignKeys[] = [
  {
    below: ["", "server", ROUTE],
    keys: "validation validator request_validation request_validator json_schema request_schema body_schema openapi oas openapi_spec",
    answer:
      "what requests must look like is said by `validate` of a route, like `validate: { openapi: api.yaml }`",
    means: "validate",
  },
  {
    below: [VALIDATE],
    keys: "schema json_schema request body_schema request_body schema_file",
    answer: "a JSON Schema for the content of requests is named by `body`",
    means: "body",
  },
  {
    below: [VALIDATE],
    keys: "spec oas oas3 api swagger definition contract openapi_spec api_specification",
    answer: "an OpenAPI document is named by `openapi`",
    means: "openapi",
  },
  {
    below: [VALIDATE],
    keys: "max_size max_body_size body_limit max_content limit allowed_request_size",
    answer: "that is `max_body`",
    means: "max_body",
  },
  {
    below: [VALIDATE],
    keys: "report_only log_only dry_run notify_only enforce report action on_error",
    answer: "that is `mode`, like `mode: report`",
    means: "mode",
  },
  {
    below: [VALIDATE],
    keys: "base_path unknown_operations unknown_parameters prefix servers",
    answer: "that stands with the document: `openapi: { file: api.yaml, base_path: /api }`",
  },
];
