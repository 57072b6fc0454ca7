import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Claims } from "../../../pipeline/claims.ts";
import { GatewayError } from "../../../pipeline/errors.ts";
import type { ConfigIssue } from "../../../pipeline/policy.ts";
import { identityLimitOf, identityLimitSchema } from "../../limits/schema.ts";
import { Expiry } from "./expiry.ts";

/** What a record of a key or a user says besides the secret, below the names of the keys. */
export const accessProperties = {
  expires: Type.Optional(
    Expiry(
      "When it stops being valid: a date, which counts from its beginning in UTC, or a time. Default: never.",
    ),
  ),
  routes: Type.Optional(
    Type.Array(Type.String({ minLength: 1, isOneItem: true }), {
      description:
        "The names of the routes that it may be used for, as the log has them; on others it gets a 403. Default: all routes that ask for this provider.",
    }),
  ),
  claims: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        "What is known about the client, for `require`, `identity_headers` and `{auth.claims.NAME}`, like `{ scope: users:read }`.",
    }),
  ),
  rate_limit: Type.Optional(identityLimitSchema),
};

const record = Type.Object(accessProperties);

/** The same, decoded. */
export type AccessRecord = StaticDecode<typeof record>;

/** What is wrong with a record beyond its form. */
export function checkAccess({ rate_limit: limit }: AccessRecord): ConfigIssue[] {
  const read = limit === undefined ? undefined : identityLimitOf(limit);
  if (read === undefined || !("message" in read)) return [];
  return [{ ...read, path: ["rate_limit", ...read.path] }];
}

/** What a key or a user may do, until when, and how often. */
export class Access {
  readonly claims: Claims;
  /** Tokens per second, and those of a full bucket; undefined for no limit. */
  readonly limit: { readonly rate: number; readonly burst: number } | undefined;
  /** Unix epoch milliseconds. */
  readonly #expiresAt: number;
  /** The names of routes; undefined for all. */
  readonly #routes: ReadonlySet<string> | undefined;

  /** Of a record that `checkAccess` has nothing against. */
  constructor({ expires = Infinity, routes, claims = {}, rate_limit: limit }: AccessRecord) {
    this.#expiresAt = expires;
    this.#routes = routes && new Set(routes);
    this.claims = claims;
    const read = limit === undefined ? undefined : identityLimitOf(limit);
    this.limit = read === undefined || "message" in read ? undefined : read;
  }

  /** `now` is in Unix epoch milliseconds. */
  hasExpired(now: number): boolean {
    return now >= this.#expiresAt;
  }

  /** Throws `forbidden` for a route that is not among those allowed. `what` is "API key" or "user". */
  allow(route: string, what: string): void {
    if (this.#routes === undefined || this.#routes.has(route)) return;
    throw new GatewayError("forbidden", `this ${what} may not be used for this route`);
  }
}
