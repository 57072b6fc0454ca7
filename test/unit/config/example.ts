import { type TSchema, Type } from "@sinclair/typebox";
import { formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { ConfigDocument } from "../../../src/documents/text/document.ts";
import { substituteEnvironment } from "../../../src/documents/text/environment.ts";
import { validate } from "../../../src/documents/reading/validate.ts";
import { Duration } from "../../../src/units/duration.ts";
import { Rate } from "../../../src/units/rate.ts";
import { Size } from "../../../src/units/size.ts";

const description = "Words for the manual.";
const closed = { additionalProperties: false };

const backend = Type.Object(
  {
    url: Type.String({ expected: "a URL" }),
    weight: Type.Integer({ minimum: 1, maximum: 1000, default: 1 }),
  },
  closed,
);

const rateLimit = Type.Union(
  [
    Rate({ description }),
    Type.Object(
      {
        requests_per_second: Rate({ description }),
        burst: Type.Optional(Type.Integer({ minimum: 1 })),
        key: Type.Union([Type.Literal("all"), Type.Literal("client_ip")], { default: "all" }),
      },
      closed,
    ),
  ],
  { expected: "requests per second, like 50, or {requests_per_second, burst, key}" },
);

/** A configuration much like the gateway's, with one key for everything a schema can say. */
const schema = Type.Object(
  {
    server: Type.Object(
      {
        host: Type.String({ default: "0.0.0.0", minLength: 1 }),
        port: Type.Integer({ default: 8080, minimum: 1, maximum: 65_535 }),
        read_timeout: Duration({ description, default: "30s" }),
        max_body_size: Size({ description, default: "1KiB" }),
        http2: Type.Boolean({ default: false }),
        trusted_proxies: Type.Array(Type.String(), { default: [] }),
      },
      { ...closed, default: {} },
    ),
    level: Type.Union(
      [Type.Literal("debug"), Type.Literal("info"), Type.Literal("warn"), Type.Literal("error")],
      { default: "info" },
    ),
    cors: Type.Optional(
      Type.Object(
        {
          origins: Type.Array(Type.String({ minLength: 1 }), { default: ["*"] }),
          max_age: Type.Optional(Duration({ description })),
        },
        closed,
      ),
    ),
    routes: Type.Array(
      Type.Object(
        {
          path: Type.String({ pattern: "^/" }),
          backends: Type.Array(backend, { minItems: 1 }),
          rate_limit: Type.Optional(rateLimit),
          health_check: Type.Optional(
            Type.Object({ timeout: Duration({ description, default: "3s" }) }, closed),
          ),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  closed,
);

/** Good lines to go below those that a test is about. */
export const ROUTES = `routes:
  - path: /a
    backends: [{ url: http://a }]
`;

type Environment = Record<string, string | undefined>;

/** All of what a user sees about a text; "" if there is nothing to report. */
export function complaints(text: string, environment: Environment = {}, form: TSchema = schema) {
  const { diagnostics } = readText(text, environment, form);
  return formatDiagnostics(diagnostics, { color: false });
}

/** The messages alone, with their positions: "2:9: error: expected …". */
export function messages(text: string, environment: Environment = {}, form: TSchema = schema) {
  const prefix = "gateway.yaml:";
  return complaints(text, environment, form)
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));
}

/** The value that a text is read as; undefined when there is anything wrong. */
export function valueOf(text: string, environment: Environment = {}, form: TSchema = schema) {
  return readText(text, environment, form).value;
}

export function readText(text: string, environment: Environment = {}, form: TSchema = schema) {
  const document = ConfigDocument.parse("gateway.yaml", text);
  const unset = substituteEnvironment(document, environment);
  const { diagnostics, ...rest } = validate(form, document);
  return { document, ...rest, diagnostics: [...document.diagnostics, ...unset, ...diagnostics] };
}
