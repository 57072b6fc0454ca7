import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import type { PolicyServices } from "../../../../src/pipeline/policy.ts";
import type { Fault } from "../../../../src/policies/validate/faults.ts";
import { checkValidationFiles } from "../../../../src/config/validation-files.ts";
import { validate } from "../../../../src/policies/validate/validate.ts";
import { policyServices } from "../../../support/policy-services.ts";
import type { Stage } from "../../../support/stage.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";
import { decode, issuesOf } from "../chain.ts";

const scope = validate.route;

/** A folder with files; those that are not text are written as JSON. */
export function folderWith(stage: Stage, files: Readonly<Record<string, unknown>>): string {
  const folder = stage.folder();
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** What the policy does with a request: undefined if it passes it on, or its refusal. */
export type Ask = (opening?: Opening) => Promise<GatewayError | undefined>;

export function validating(config: unknown, services: Partial<PolicyServices> = {}): Ask {
  const policy = scope?.create(decode(scope, config), policyServices(services), "/things");
  return async (opening = {}) => {
    const exchange: Exchange = openExchange(opening);
    try {
      await policy?.request?.(exchange);
      return undefined;
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  };
}

/** Validates JSON by a schema. */
export function byBody(stage: Stage, schema: unknown, more: object = {}): Ask {
  const folder = folderWith(stage, { "schema.json": schema });
  return validating({ body: join(folder, "schema.json"), ...more });
}

/** Validates by an OpenAPI document; `paths` are its paths, unless it has an `openapi`. */
export function byOpenApi(
  stage: Stage,
  document: Readonly<Record<string, unknown>>,
  more: object = {},
): Ask {
  const whole = "openapi" in document ? document : { openapi: "3.1.0", paths: document };
  const folder = folderWith(stage, { "api.json": whole });
  return validating({ openapi: { file: join(folder, "api.json"), ...more } });
}

export const json = (value: unknown, method = "POST"): Opening => ({
  method,
  fields: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** Text that is not a JSON string, as content. */
export const text = (body: string | Uint8Array, type = "application/json"): Opening => ({
  method: "POST",
  fields: { "content-type": type },
  body,
});

/** The faults of a refusal; none if there is no refusal. */
export function faultsOf(refusal: GatewayError | undefined): readonly Fault[] {
  return (refusal?.members["errors"] ?? []) as readonly Fault[];
}

/** What `gateway check` says of a route at `path`. */
export function messagesOf(config: unknown, path = "/*"): string[] {
  const routes = [{ path, validate: decode(scope, config) }];
  const issues = [...issuesOf(scope, config), ...checkValidationFiles({ routes }, () => true)];
  return issues.map(({ message }) => message);
}
