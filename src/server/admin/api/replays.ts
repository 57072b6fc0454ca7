import { Elysia } from "elysia";
import { replay as replayRow } from "../../../runtime/replay/replay.ts";
import { ReplayError } from "../../../runtime/replay/replay-error.ts";
import { ApiProblem } from "./api-problem.ts";
import { answered } from "./query-problems.ts";
import { replayAsked, replayed } from "./schemas/replay.ts";
import type { ApiServices } from "./subject.ts";

type Services = Pick<ApiServices, "clock" | "queries" | "configuration">;

/** A request of the log, sent again: POST replay. */
export function replayEndpoints({ clock, queries, configuration }: Services) {
  return new Elysia({ normalize: false }).post(
    "/replay",
    async ({ body: { id, to, confirm } }) => {
      const row = await answered(queries().exchange({ id: String(id) }));
      if (row === null) throw new ApiProblem(404, `there is no row ${id} in the log`);
      const wanted = { to, isConfirmed: confirm === true };
      try {
        return await replayRow(row, wanted, { clock, config: configuration() });
      } catch (error) {
        if (!(error instanceof ReplayError)) throw error;
        const isUnconfirmed = error.reason === "unconfirmed";
        const how = isUnconfirmed ? "; `confirm: true` sends it" : "";
        throw new ApiProblem(isUnconfirmed ? 409 : 422, error.message + how);
      }
    },
    {
      body: replayAsked,
      response: replayed,
      detail: { summary: "Send a request of the log again, and compare the answers" },
    },
  );
}
