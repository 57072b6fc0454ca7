import { FilterError, type Filters, parseFilters } from "../../../telemetry/query/filters.ts";
import { QueryError, type QueryFailure } from "../../../telemetry/query/errors.ts";
import { ApiProblem } from "./api-problem.ts";

/** Which status a failure is answered with, and whether the same query may succeed soon, in seconds. */
const STATUSES: Readonly<Record<QueryFailure, { status: number; retryAfter?: number }>> = {
  busy: { status: 503, retryAfter: 1 },
  no_file: { status: 503, retryAfter: 1 },
  unreadable: { status: 503 },
  damaged: { status: 503 },
  time_is_up: { status: 503, retryAfter: 5 },
  failed: { status: 500 },
};

/** What a query answers. Rejects with an ApiProblem that says why it has no answer. */
export async function answered<Answer>(query: Promise<Answer>): Promise<Answer> {
  try {
    return await query;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { status, retryAfter } = STATUSES[error.reason];
    throw new ApiProblem(status, `the log cannot be searched: ${error.message}`, retryAfter);
  }
}

const USUAL_WINDOW_MS = 15 * 60_000;

/** A window of time from the parameters of a request; the last quarter of an hour by default. */
export function windowOf(
  { since, until }: { readonly since?: string | undefined; readonly until?: string | undefined },
  now: number,
): { readonly from: number; readonly to: number } {
  const filters = filtersOf({ since, until }, now);
  const to = Math.min(filters.until, now);
  return { from: Number.isFinite(filters.since) ? filters.since : to - USUAL_WINDOW_MS, to };
}

/** Filters from the parameters of a request. Throws an ApiProblem for one that cannot be read. */
export function filtersOf(
  texts: Readonly<Record<string, string | undefined>>,
  now: number,
): Filters {
  try {
    return parseFilters(texts, now);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new ApiProblem(422, error.message);
  }
}
