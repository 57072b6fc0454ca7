import { Type } from "@sinclair/typebox";
import { withoutBlanksAround } from "../../http/blanks.ts";
import { cookieValue, isRepeatedCookie, withoutCookie } from "../../http/cookies.ts";
import { TOKEN } from "../../http/fields.ts";
import { changeQuery, isRepeatedParameter, queryParameter } from "../../http/query.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Outgoing } from "../../pipeline/outgoing.ts";
import { nameProblem, refusedInRequests } from "../field-names.ts";
import type { SecretNames } from "./provider.ts";

/** Where a client's credential may stand. Names are as they are written. */
export type SourcePlace =
  | { readonly kind: "bearer" }
  | { readonly kind: "header" | "query" | "cookie"; readonly name: string };

const EXPECTED =
  "bearer, header:NAME, query:NAME or cookie:NAME, like header:x-api-key, or a list of these";

const Place = Type.Transform(Type.String({ expected: EXPECTED }))
  .Decode((written): SourcePlace => {
    const place = parsePlace(written);
    if (typeof place === "string") throw new Error(place);
    return place;
  })
  .Encode((place) => (place.kind === "bearer" ? "bearer" : `${place.kind}:${place.name}`));

/**
 * The schema of `from`: where credentials are looked for. `standard` is the default; `several` says what
 * becomes of a request with more than one.
 */
export function sourcesSchema(
  standard: readonly string[],
  several = "of which the first that a request has counts",
) {
  return Type.Array(Place, {
    minItems: 1,
    maxItems: 16,
    expected: EXPECTED,
    default: [...standard],
    description: `Where the client sends it: \`bearer\` (the Authorization field), \`header:NAME\`, \`query:NAME\` or \`cookie:NAME\`, or a list of these, ${several}. URLs end up in logs and histories, so a field is better than a query.`,
  });
}

/** What is written, read; or why it is wrong. */
function parsePlace(written: string): SourcePlace | string {
  if (written.toLowerCase() === "bearer") return { kind: "bearer" };
  const [, kind = "", name = ""] = /^([a-z_]+): ?(.*)$/.exec(written) ?? [];
  if (kind === "header") {
    return nameProblem(name, refusedInRequests.remove) ?? { kind, name };
  }
  if (kind === "query") {
    if (/^[!-~]+$/.test(name) && !/[&=#?%+]/.test(name)) return { kind, name };
    return `a parameter needs a name, like query:api_key`;
  }
  if (kind === "cookie") {
    return TOKEN.test(name) ? { kind, name } : `a cookie needs a name, like cookie:session`;
  }
  const advice = sourceAdvice(written.toLowerCase());
  return advice === undefined ? `expected ${EXPECTED}` : `expected ${EXPECTED}; ${advice}`;
}

function sourceAdvice(written: string): string | undefined {
  if (written === "authorization" || written === "header") {
    return "the Authorization field with a bearer token is `bearer`";
  }
  if (written === "query" || written === "cookie") return `add its name, like ${written}:token`;
  return TOKEN.test(written) ? `a field is written header:${written}` : undefined;
}

/** Reads credentials where the configuration says that they may stand. Created once per snapshot. */
export class CredentialSources {
  readonly #places: readonly SourcePlace[];

  constructor(places: readonly SourcePlace[]) {
    this.#places = places.map((place) => {
      if (place.kind === "bearer") return place;
      return place.kind === "header" ? { ...place, name: place.name.toLowerCase() } : place;
    });
  }

  /** The first credential of a request, each character one byte; undefined without any. */
  read(exchange: Exchange): string | undefined {
    for (const place of this.#places) {
      const credential = readFrom(exchange, place);
      if (credential !== null && credential !== "") return credential;
    }
    return undefined;
  }

  /**
   * The only credential of a request, each character one byte; undefined without any, and `SEVERAL` if
   * there are more in these places: nobody can tell which is meant, and another reader may take another.
   */
  readOnly(exchange: Exchange): string | typeof SEVERAL | undefined {
    let only: string | undefined;
    for (const place of this.#places) {
      const credential = readFrom(exchange, place);
      if (credential === null || credential === "") continue;
      if (only !== undefined || isRepeated(exchange, place, credential)) return SEVERAL;
      only = credential;
    }
    return only;
  }

  /** Removes credentials from all of these places. */
  remove(outgoing: Outgoing): void {
    for (const place of this.#places) {
      switch (place.kind) {
        case "bearer":
          if (bearerIn(outgoing.get("authorization")) !== null) {
            outgoing.remove("authorization");
          }
          break;
        case "header":
          outgoing.remove(place.name);
          break;
        case "query":
          removeParameter(outgoing, place.name);
          break;
        case "cookie":
          removeCookie(outgoing, place.name);
          break;
      }
    }
  }
}

/** A request has more than one credential. */
export const SEVERAL = Symbol("several credentials");

/** The names of places, for what must not be logged. */
export function secretNames(places: readonly SourcePlace[]): SecretNames {
  const named = (kind: SourcePlace["kind"]) =>
    places.flatMap((place) => (place.kind === kind && "name" in place ? [place.name] : []));
  const isBearer = places.some(({ kind }) => kind === "bearer");
  return {
    headers: [...(isBearer ? ["authorization"] : []), ...named("header")],
    query: named("query"),
    cookies: named("cookie"),
  };
}

function readFrom({ fields, target }: Exchange, place: SourcePlace): string | null {
  if (place.kind === "bearer") return bearerIn(fields.get("authorization"));
  if (place.kind === "header") return fields.get(place.name);
  if (place.kind === "cookie") return cookieValue(fields.all, place.name);
  return target.query === "" ? null : queryParameter(target.query, place.name);
}

/** Whether there are others in the same place as the first. */
function isRepeated({ fields, target }: Exchange, place: SourcePlace, first: string): boolean {
  if (place.kind === "query") return isRepeatedParameter(target.query, place.name);
  if (place.kind === "cookie") return isRepeatedCookie(fields.all, place.name);
  // Fields that repeat are joined by commas.
  if (!first.includes(",")) return false;
  const name = place.kind === "bearer" ? "authorization" : place.name;
  return fields.all.filter((field) => field.name === name).length > 1;
}

/** The credentials of the scheme Bearer (RFC 6750 section 2.1); null for those of another one. */
function bearerIn(authorization: string | null): string | null {
  if (authorization === null || authorization.length < BEARER.length) return null;
  // The usual spelling first.
  const scheme = authorization.slice(0, BEARER.length);
  if (scheme !== "Bearer " && scheme.toLowerCase() !== BEARER) return null;
  return withoutBlanksAround(authorization.slice(BEARER.length));
}

const BEARER = "bearer ";

function removeParameter(outgoing: Outgoing, name: string): void {
  const { query } = outgoing;
  if (query === "" || queryParameter(query, name) === null) return;
  outgoing.query = changeQuery(query, { removed: new Set([name]), set: NOTHING, added: [] });
}

const NOTHING: ReadonlyMap<string, string> = new Map();

function removeCookie(outgoing: Outgoing, name: string): void {
  const { fields } = outgoing;
  // Clients of HTTP/1.1 may send several fields, which `get` would join by a comma.
  const all = fields.filter((_value, at) => at % 2 === 1 && fields[at - 1] === "cookie");
  if (!all.some((cookies) => cookies.includes(name))) return;
  const left = all.map((cookies) => withoutCookie(cookies, name)).filter((text) => text !== "");
  if (left.length === 0) outgoing.remove("cookie");
  else outgoing.set("cookie", left.join("; "));
}
