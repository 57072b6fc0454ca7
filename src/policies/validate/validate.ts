import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy, type PolicyServices } from "../../pipeline/policy.ts";
import { type BodySchema, readBodySchema } from "./body-schema.ts";
import type { Expected } from "./content-judge.ts";
import type { Fault } from "./faults.ts";
import { FromFiles, type MadeOfFiles } from "./from-files.ts";
import { HeldBytes } from "./held-bytes.ts";
import { JsonContent } from "./json-content.ts";
import { isJson, isUtf8, mediaTypeOf } from "./media-type.ts";
import { Api } from "./openapi/api.ts";
import { examiner } from "./openapi/examine.ts";
import { ReportLog } from "./report-log.ts";
import { check, openApiOf, schema, type ValidateConfig } from "./schema.ts";
import { Validation, type Findings } from "./validation.ts";

/** Of all routes at a time; 256 requests of the usual largest size. */
const MOST_HELD_BYTES = 256 * 2 ** 20;

/** Requests are as a JSON Schema or an OpenAPI document wants them. */
export const validate = definePolicy({
  name: "validate",
  routeReplacesGlobal: false,
  route: { key: "validate", schema, check, create },
});

function create(
  config: ValidateConfig | false,
  services: PolicyServices,
  route: string,
): Policy | undefined {
  if (config === false) return undefined;
  const { body, openapi, mode, max_body: most } = config;
  const { clock, requestTimeout: timeout } = services;
  const ways = [
    ...(body === undefined ? [] : [byBody(body, services)]),
    ...(openapi === undefined ? [] : [byOpenApi(openapi, services)]),
  ];
  const log = new ReportLog(route, services);
  return new Validation({
    most,
    clock,
    timeout,
    held: services.share("held", () => new HeldBytes(MOST_HELD_BYTES)),
    examine: inTurn(ways),
    report:
      mode === "enforce" ? undefined : ({ requestId }, { message }) => log.add(requestId, message),
  });
}

type Examine = (exchange: Exchange) => Findings | GatewayError;

function inTurn(ways: readonly Examine[]): Examine {
  const [first] = ways;
  if (ways.length === 1 && first !== undefined) return first;
  return (exchange) => {
    const faults: Fault[] = [];
    const expected: Expected[] = [];
    for (const examine of ways) {
      const found = examine(exchange);
      if (found instanceof GatewayError) return found;
      faults.push(...found.faults);
      expected.push(...found.expected);
    }
    return { faults, expected };
  };
}

/** Methods whose requests have content; others may (RFC 9110 section 9.3). */
const WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "QUERY"]);
const JSON_TYPES = ["application/json"];

function byBody(file: string, services: PolicyServices): Examine {
  const schema = kept("body", file, () => readBodySchema(file), services);
  let known: { readonly schema: BodySchema; readonly judge: JsonContent } | undefined;
  const expect = (isRequired: boolean): Expected => ({
    isRequired,
    types: JSON_TYPES,
    judgeFor(contentType) {
      const { type, charset } = mediaTypeOf(contentType);
      if (!isJson(type) || !isUtf8(charset)) return undefined;
      const { current } = schema;
      if (known?.schema !== current) {
        known = { schema: current, judge: new JsonContent(current.judge) };
      }
      return known.judge;
    },
  });
  const required = { faults: [], expected: [expect(true)] };
  const optional = { faults: [], expected: [expect(false)] };
  return ({ method }) => (WITH_CONTENT.has(method) ? required : optional);
}

function byOpenApi(
  written: NonNullable<ValidateConfig["openapi"]>,
  services: PolicyServices,
): Examine {
  const settings = openApiOf(written);
  const { file, base_path: basePath } = settings;
  const make = () => new Api(file, basePath);
  const api = kept(`openapi ${basePath ?? ""}`, file, make, services);
  return examiner(settings, () => api.current);
}

/** One for all routes that name the file. */
function kept<Thing extends MadeOfFiles>(
  kind: string,
  file: string,
  make: () => Thing,
  services: PolicyServices,
): FromFiles<Thing> {
  const content = Bun.hash(readFileSync(file)).toString(36);
  return services.share(
    JSON.stringify([kind, resolve(file), content]),
    () => new FromFiles(file, make, services),
    (files) => files.close(),
  );
}
