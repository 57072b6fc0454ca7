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

/** A session as text; short, because it travels with every request. */
export function sessionText(session: Session): string {
  const { id, startedAt, seenAt, idToken, userinfo, refreshToken, accessToken } = session;
  const numbers = [session.revision, startedAt, seenAt, session.issuedAt, session.expiresIn];
  return JSON.stringify([
    VERSION,
    id,
    numbers,
    idToken,
    refreshToken ?? 0,
    accessToken ?? 0,
    userinfo,
  ]);
}

/** Changes with the form of the text: what another version of the gateway wrote is no session. */
const VERSION = 1;

/** Reads an authentic text. Undefined if another version of the gateway wrote it. */
export function readSession(text: string): Session | undefined {
  const parts = JSON.parse(text) as unknown[];
  const [version, id, numbers, idToken, refreshToken, accessToken, userinfo] = parts;
  if (version !== VERSION) return undefined;
  const [revision = 0, startedAt = 0, seenAt = 0, issuedAt = 0, expiresIn = 0] =
    numbers as number[];
  return {
    id: id as string,
    revision,
    startedAt,
    seenAt,
    idToken: idToken as string,
    userinfo: (userinfo ?? undefined) as Claims | undefined,
    refreshToken: textOr(refreshToken),
    accessToken: textOr(accessToken),
    issuedAt,
    expiresIn,
  };
}

function textOr(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The claims of an ID token that has been verified, and what the userinfo endpoint adds to them. */
export function claimsOf({ idToken, userinfo }: Session): Claims {
  const payload = Buffer.from(idToken.split(".", 2)[1] ?? "", "base64url").toString("utf8");
  const claims = JSON.parse(payload) as Claims;
  return userinfo === undefined ? claims : { ...userinfo, ...claims };
}
