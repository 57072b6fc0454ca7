import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ApiProblem } from "./api-problem.ts";
import {
  type ConfigurationDetail,
  configuration,
  configurationDetail,
  configurations,
  reloaded,
  type Reloaded,
} from "./schemas/configuration.ts";
import { nothing } from "./schemas/writes.ts";
import type { ApiServices } from "./subject.ts";

const NUMBERED = Type.Object({ number: Type.String({ pattern: "^[0-9]{1,9}$" }) });

/** GET configuration, configurations, configurations/:number; POST configurations/:number/rollback. */
export function configurationEndpoints(_services: ApiServices) {
  return new Elysia({ normalize: false })
    .get(
      "/configuration",
      () => ({
        id: null,
        file: null,
        in_force_since: null,
        lines: [],
        findings: [],
        diagnostics: [],
      }),
      { response: configuration, detail: { summary: "The configuration in force" } },
    )
    .get("/configurations", () => [], {
      response: configurations,
      detail: { summary: "Every configuration that was ever in force, newest first" },
    })
    .get(
      "/configurations/:number",
      ({ params }): ConfigurationDetail => {
        throw new ApiProblem(404, `there is no configuration ${params.number}`);
      },
      {
        params: NUMBERED,
        response: configurationDetail,
        detail: { summary: "One of them, and how it differs from the one before" },
      },
    )
    .post(
      "/configurations/:number/rollback",
      ({ params }): Reloaded => {
        throw new ApiProblem(404, `there is no configuration ${params.number}`);
      },
      {
        params: NUMBERED,
        body: nothing,
        response: reloaded,
        detail: { summary: "Write it to the file again, and reload" },
      },
    );
}
