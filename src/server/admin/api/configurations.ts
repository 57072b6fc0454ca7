import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { RollbackError } from "../../../config/history/rollback.ts";
import type { ConfigurationEntry } from "../../../telemetry/query/configurations.ts";
import { unifiedDifference } from "../../../units/line-difference.ts";
import type { ReloadOutcome } from "../../reloader.ts";
import { NoFileError } from "../../parts/reloading.ts";
import { ApiProblem } from "./api-problem.ts";
import { answered } from "./query-problems.ts";
import {
  configuration,
  configurationDetail,
  configurations,
  reloaded,
  rolledBack,
} from "./schemas/configuration.ts";
import { nothing } from "./schemas/writes.ts";
import type { ApiServices } from "./subject.ts";

const NUMBERED = Type.Object({ number: Type.String({ pattern: "^[0-9a-f]{1,64}$" }) });
const MOST_LISTED = 500;

type Services = Pick<ApiServices, "operations" | "queries" | "visitorOf">;

/** GET configuration, configurations, configurations/:number; POST configurations/:number/rollback, reload. */
export function configurationEndpoints({ operations, queries, visitorOf }: Services) {
  const { configurations: known, reloading } = operations;
  const find = async (name: string) => {
    const found = await answered(queries().configuration({ name }));
    if (found === null) throw new ApiProblem(404, `there is no configuration ${name}`);
    return found;
  };
  return new Elysia({ normalize: false })
    .get(
      "/configuration",
      () => {
        const file = known.file ?? null;
        const { inForce } = known;
        if (inForce === undefined) return { ...UNKNOWN, file };
        const { id, since, text, findings, remarks } = inForce;
        return {
          id,
          file,
          in_force_since: new Date(since).toISOString(),
          lines: text.split("\n"),
          findings: [...findings],
          diagnostics: [...remarks],
        };
      },
      { response: configuration, detail: { summary: "The configuration in force" } },
    )
    .get(
      "/configurations",
      async () => [...(await answered(queries().configurations({ limit: MOST_LISTED })))],
      {
        response: configurations,
        detail: { summary: "Every configuration that was in force, newest first" },
      },
    )
    .get(
      "/configurations/:number",
      async ({ params }) => {
        const { before, text, ...entry } = await find(params.number);
        return {
          ...entryOf(entry),
          text,
          difference: before === null ? "" : unifiedDifference(before, text),
        };
      },
      {
        params: NUMBERED,
        response: configurationDetail,
        detail: { summary: "One of them, by number or id, and how it differs from the one before" },
      },
    )
    .post(
      "/configurations/:number/rollback",
      async ({ params, request }) => {
        const { number, text } = await find(params.number);
        try {
          const { outcome, backup } = await reloading.rollBack(
            { number, text },
            visitorOf(request).by,
          );
          return { ...inForceBy(outcome), backup: backup ?? null };
        } catch (error) {
          if (error instanceof RollbackError) {
            const diagnostics = error.remarks;
            throw new ApiProblem(409, error.message, undefined, { diagnostics });
          }
          throw withoutFile(error);
        }
      },
      {
        params: NUMBERED,
        body: nothing,
        response: rolledBack,
        detail: { summary: "Write it to the file again, and reload" },
      },
    )
    .post(
      "/reload",
      async ({ request }) => {
        try {
          return inForceBy(
            await reloading.reload({ cause: "admin API", by: visitorOf(request).by }),
          );
        } catch (error) {
          throw withoutFile(error);
        }
      },
      {
        body: nothing,
        response: reloaded,
        detail: { summary: "Read the configuration again, and apply it if it is valid" },
      },
    );
}

const UNKNOWN = { id: null, in_force_since: null, lines: [], findings: [], diagnostics: [] };

function entryOf({
  number,
  id,
  in_force_from,
  in_force_to,
  cause,
  by,
  file,
}: ConfigurationEntry): ConfigurationEntry {
  return { number, id, in_force_from, in_force_to, cause, by, file };
}

/** Throws an ApiProblem if the configuration before stays. */
function inForceBy({ isInForce, message, id, remarks }: ReloadOutcome) {
  const diagnostics = [...remarks];
  if (!isInForce) throw new ApiProblem(422, message, undefined, { diagnostics });
  return { message, id: id ?? null, diagnostics };
}

function withoutFile(error: unknown): unknown {
  return error instanceof NoFileError ? new ApiProblem(409, error.message) : error;
}
