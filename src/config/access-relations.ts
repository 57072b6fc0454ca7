import type { ConfigIssue } from "../pipeline/policy.ts";
import { providersIn } from "../policies/auth/schema.ts";

/** Finds what a route asks of clients that it does not ask who they are. */
export function checkRequirements(
  route: object,
  isWritten: (key: string) => boolean,
): ConfigIssue[] {
  const required: unknown = Reflect.get(route, "require");
  const auth: unknown = Reflect.get(route, "auth");
  if (required === undefined || required === false) return [];
  if (auth === undefined) {
    if (isWritten("auth")) return [];
    const message =
      "nothing is known of this route's clients; add `auth` with the name of a provider";
    return [{ path: ["require"], message }];
  }
  if (providersIn(auth as string[] | false).length > 0) return [];
  const message =
    "this route has no `auth`, so nothing is known of its clients; write `require: false`";
  return [{ path: ["require"], message }];
}
