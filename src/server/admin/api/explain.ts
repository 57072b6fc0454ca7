import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { explain } from "../../../runtime/explain/explain.ts";
import { ExplainQueryError } from "../../../runtime/explain/query.ts";
import { NoFileError } from "../../parts/reloading.ts";
import { ApiProblem } from "./api-problem.ts";
import type { ApiServices } from "./subject.ts";

type Services = Pick<ApiServices, "operations" | "snapshot">;

/** What the command prints. */
const printed = Type.Record(Type.String(), Type.Unknown());

/** GET explain: a request that nobody sends. */
export function explainEndpoints({ operations, snapshot }: Services) {
  const { reloading } = operations;
  return new Elysia({ normalize: false }).get(
    "/explain",
    ({ request, query: { method, url, client } }) => {
      const read = orProblem(() => reloading.inspect());
      if (read === undefined) {
        throw new ApiProblem(
          409,
          "the configuration's file is too large to be read here, or has been changed since it came into force; ask `gateway explain`",
        );
      }
      const { routes, table } = snapshot();
      const fields = new URL(request.url).searchParams.getAll("header").map(fieldIn);
      const explanation = orProblem(() =>
        explain({ ...read, routes, table }, { method, url, fields, client }),
      );
      return { ...explanation };
    },
    {
      query: Type.Object({
        method: Type.String({ maxLength: 64 }),
        url: Type.String({ maxLength: 8192 }),
        client: Type.Optional(Type.String({ maxLength: 64 })),
        header: Type.Optional(Type.Any({ description: "`Name: value`; may be repeated" })),
      }),
      response: printed,
      detail: { summary: "What would become of a request, as `gateway explain --json` says" },
    },
  );
}

function fieldIn(written: string): [name: string, value: string] {
  const colon = written.indexOf(":");
  if (colon <= 0) throw new ApiProblem(422, "header: expected a name, a colon and a value");
  return [written.slice(0, colon).trim(), written.slice(colon + 1).trim()];
}

function orProblem<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof NoFileError) throw new ApiProblem(409, error.message);
    if (error instanceof ExplainQueryError) throw new ApiProblem(422, error.message);
    throw error;
  }
}
