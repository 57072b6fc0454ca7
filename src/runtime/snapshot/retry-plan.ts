import type { RouteConfig } from "../../config/schema.ts";
import type { HedgePlan, RetryPlan } from "../../proxy/retry/plan.ts";
import type { Failure } from "../../upstream/outcome.ts";

type Keys = Pick<RouteConfig, "retry" | "hedge">;

/** A route's retries; undefined without any. */
export function retryPlan({ retry }: Keys): RetryPlan | undefined {
  if (retry === undefined || retry.attempts === 1) return undefined;
  const failures = new Set<Failure>();
  const statuses = new Set<number>();
  for (const condition of retry.on) {
    if (condition === "5xx") for (let status = 500; status < 600; status += 1) statuses.add(status);
    else if (typeof condition === "number") statuses.add(condition);
    else failures.add(condition);
  }
  return {
    attempts: retry.attempts,
    failures,
    statuses,
    methods: new Set(retry.methods),
    maxBody: retry.max_body,
    backoff: retry.backoff,
    budget: retry.budget,
  };
}

/** The share of the requests at an upstream that second attempts may be without `retry`. */
const DEFAULT_BUDGET = 0.2;

/** A route's second attempts; undefined without any. */
export function hedgePlan({ retry, hedge }: Keys): HedgePlan | undefined {
  return hedge && { after: hedge.after, budget: retry?.budget ?? DEFAULT_BUDGET };
}

/** Milliseconds for one attempt, of the route's timeout and `attempt_timeout` the shorter one; 0 is no limit. */
export function attemptTimeout(response: number, { retry }: Keys): number {
  const own = retry?.attempt_timeout ?? 0;
  if (own === 0) return response;
  return response === 0 ? own : Math.min(own, response);
}
