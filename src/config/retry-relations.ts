import type { ConfigIssue } from "../pipeline/policy.ts";
import type { Checkable } from "../pipeline/section.ts";
import type { Config, RouteConfig } from "./schema.ts";

type Route = Checkable<RouteConfig> & { readonly methods?: readonly unknown[] };

/** Finds retries and second attempts that other keys keep from ever taking effect. */
export function checkRetryRelations(
  route: Route,
  server: Checkable<Config>["server"],
): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const warn = (path: readonly string[], message: string) =>
    issues.push({ path, message, severity: "warning" });
  const response = route.timeouts?.response ?? server?.timeouts?.response ?? 0;
  const ownAttempt = route.retry?.attempt_timeout ?? 0;
  if (response > 0 && ownAttempt > response) {
    warn(
      ["retry", "attempt_timeout"],
      "`attempt_timeout` is longer than `timeouts.response`, which ends each attempt before it",
    );
  }
  if (route.hedge === undefined) return issues;
  const longest = Math.min(response || Infinity, ownAttempt || Infinity);
  if ((route.hedge.after ?? 0) >= longest) {
    warn(
      ["hedge"],
      "`after` is not shorter than an attempt may take, so there will be no second one",
    );
  }
  if (route.backends?.length === 1 && !("discover" in route)) {
    warn(["hedge"], "`hedge` has no effect: this route has a single backend");
  }
  const { methods } = route;
  if (methods !== undefined && !methods.some((method) => method === "GET" || method === "HEAD")) {
    warn(
      ["hedge"],
      "`hedge` has no effect: it is for GET and HEAD, which this route does not take",
    );
  }
  return issues;
}
