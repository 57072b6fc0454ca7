import type { Claims } from "../../../../pipeline/claims.ts";

/** Who has logged in, and what the issuer gave for it. Times are Unix epoch seconds. */
export interface Session {
  readonly id: string;
  /** Counts what the session has become in place of what it was. */
  readonly revision: number;
  /** When its owner logged in. */
  readonly startedAt: number;
  /** When its owner was last seen, at about a tenth of `idle_timeout`. */
  readonly seenAt: number;
  /** In compact form, verified. */
  readonly idToken: string;
  /** What the userinfo endpoint said; undefined if it was not asked. */
  readonly userinfo: Claims | undefined;
  readonly refreshToken: string | undefined;
  /** Undefined unless backends get it. */
  readonly accessToken: string | undefined;
  /** When the access token was issued, and for how many seconds it is good; 0 if unknown. */
  readonly issuedAt: number;
  readonly expiresIn: number;
}

/** Changes with the form of the text: what another version of the gateway wrote is no session. */
const VERSION = 1;
/** No JSON contains it. */
const SEPARATOR = "\0";

type Facts = readonly [
  version: number,
  id: string,
  numbers: readonly number[],
  refreshToken: string | null,
  accessToken: string | null,
  userinfo: Claims | null,
];

/**
 * A session as text. It travels with every request, so the ID token is taken out of base64url, which the
 * cookie adds again.
 */
export function sessionText(session: Session): string {
  const { id, revision, startedAt, seenAt, issuedAt, expiresIn } = session;
  const { refreshToken = null, accessToken = null, userinfo = null } = session;
  const numbers = [revision, startedAt, seenAt, issuedAt, expiresIn];
  const facts: Facts = [VERSION, id, numbers, refreshToken, accessToken, userinfo];
  const [header = "", payload = "", signature = ""] = session.idToken.split(".");
  return [JSON.stringify(facts), decoded(header), decoded(payload), signature].join(SEPARATOR);
}

/** Reads an authentic text. Undefined if another version of the gateway wrote it. */
export function readSession(text: string): Session | undefined {
  const [first = "", header = "", payload = "", signature = ""] = text.split(SEPARATOR);
  const [version, id, numbers, refreshToken, accessToken, userinfo] = JSON.parse(first) as Facts;
  if (version !== VERSION) return undefined;
  const [revision = 0, startedAt = 0, seenAt = 0, issuedAt = 0, expiresIn = 0] = numbers;
  return {
    id,
    revision,
    startedAt,
    seenAt,
    idToken: `${encoded(header)}.${encoded(payload)}.${signature}`,
    userinfo: userinfo ?? undefined,
    refreshToken: refreshToken ?? undefined,
    accessToken: accessToken ?? undefined,
    issuedAt,
    expiresIn,
  };
}

/** The claims of the ID token, and what the userinfo endpoint adds to them. */
export function claimsOf({ idToken, userinfo }: Session): Claims {
  const claims = JSON.parse(decoded(idToken.split(".", 2)[1] ?? "")) as Claims;
  return userinfo === undefined ? claims : { ...userinfo, ...claims };
}

function decoded(part: string): string {
  return Buffer.from(part, "base64url").toString("utf8");
}

function encoded(part: string): string {
  return Buffer.from(part).toString("base64url");
}
