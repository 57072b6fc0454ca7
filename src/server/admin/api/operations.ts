import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ApiProblem } from "./api-problem.ts";
import { type Reloaded, reloaded } from "./schemas/configuration.ts";
import { audit, drain, drained, logLevel, logLevelSet, nothing } from "./schemas/writes.ts";
import type { ApiServices } from "./subject.ts";

/** What an operator changes: POST backends/drain, backends/undrain, log-level, reload; GET audit. */
export function operationEndpoints(_services: ApiServices) {
  const notYet = (): never => {
    throw new ApiProblem(501, "this gateway cannot do that yet");
  };
  return new Elysia({ normalize: false })
    .post("/backends/drain", notYet, {
      body: drain,
      response: drained,
      detail: { summary: "Keep new requests from a backend" },
    })
    .post("/backends/undrain", notYet, {
      body: drain,
      response: drained,
      detail: { summary: "Let a backend get requests again" },
    })
    .post("/log-level", notYet, {
      body: logLevel,
      response: logLevelSet,
      detail: { summary: "Change the level of the log, for a time or until a reload" },
    })
    .post("/reload", (): Reloaded => notYet(), {
      body: nothing,
      response: reloaded,
      detail: { summary: "Read the configuration again" },
    })
    .get("/audit", () => ({ entries: [], next: null }), {
      query: Type.Object({
        cursor: Type.Optional(Type.String({ maxLength: 100 })),
        limit: Type.Optional(Type.String({ pattern: "^[0-9]{1,4}$" })),
      }),
      response: audit,
      detail: { summary: "What was changed by whom, newest first" },
    });
}
