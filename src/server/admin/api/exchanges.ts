import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { readKeptContent } from "../../../pipeline/kept-content.ts";
import type { Row } from "../../../telemetry/query/row.ts";
import { ApiProblem } from "./api-problem.ts";
import { curlOf, type KeptFields } from "./curl.ts";
import { answered, filtersOf } from "./query-problems.ts";
import { filterParameters } from "./schemas/parameters.ts";
import { exchange, exchanges } from "./schemas/traffic.ts";
import type { ApiServices } from "./subject.ts";

type Services = Pick<ApiServices, "clock" | "queries">;

const USUAL_PAGE = 100;
const LARGEST_PAGE = 1_000;

/** Rows of the log: GET exchanges, exchanges/:id. */
export function exchangeEndpoints({ clock, queries }: Services) {
  return new Elysia({ normalize: false })
    .get(
      "/exchanges",
      async ({ query: { limit = String(USUAL_PAGE), cursor, ...texts } }) => {
        const filters = filtersOf(texts, clock.wall());
        const before = cursor === undefined ? {} : { before: Number(cursor) };
        const page = await answered(
          queries().page({ filters, limit: Math.min(Number(limit), LARGEST_PAGE), ...before }),
        );
        return {
          rows: [...page.rows],
          next: page.next === null ? null : String(page.next),
          searched_to: page.searchedTo,
          complete: page.complete,
        };
      },
      {
        query: Type.Object({
          ...filterParameters,
          limit: Type.Optional(
            Type.String({
              pattern: "^[1-9][0-9]{0,3}$",
              description: "100 by default, at most 1000",
            }),
          ),
          cursor: Type.Optional(
            Type.String({ pattern: "^[0-9]{1,15}$", description: "`next` of the page before" }),
          ),
        }),
        response: exchanges,
        detail: { summary: "Rows of the log, newest first" },
      },
    )
    .get(
      "/exchanges/:id",
      async ({ params: { id } }) => {
        const row = await answered(queries().exchange({ id }));
        if (row === null)
          throw new ApiProblem(404, `there is no row and no request ${id} in the log`);
        return detailOf(row);
      },
      {
        params: Type.Object({ id: Type.String({ maxLength: 128 }) }),
        response: exchange,
        detail: { summary: "Everything that is kept of one, by its id or its request id" },
      },
    );
}

function detailOf(row: Row) {
  const fields = parsed(row["request_fields"]);
  const content = readKeptContent(row["request_body"]);
  return {
    row: {
      ...row,
      decisions: parsed(row["decisions"]),
      request_fields: fields,
      response_fields: parsed(row["response_fields"]),
    },
    curl: curlOf(row, isListOfFields(fields) ? fields : undefined, content?.text ?? null),
  };
}

/** JSON that a row keeps; null for none, and as it is if it cannot be read. */
function parsed(text: string | number | null | undefined): unknown {
  if (typeof text !== "string") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function isListOfFields(value: unknown): value is KeptFields {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.every((part) => typeof part === "string"))
  );
}
