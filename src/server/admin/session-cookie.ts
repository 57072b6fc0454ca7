import { LONGEST_MS } from "./sessions.ts";

/**
 * Cookies know no ports: the name has it, so that two gateways on one machine do not log each other's
 * operators out. The path keeps it from applications on other paths and ports of the host, as far as
 * a path can; the session is bound to its Host besides.
 */
function nameAt(port: number): string {
  return `gateway_session_${port}`;
}

/** More of one name are not looked at. */
const MOST_IDS = 8;

/**
 * The sessions' ids that a browser sends, at most 8. There can be several: an application on another port
 * of the host can set a cookie of the same name for a longer path, which is sent first.
 */
export function sessionIdsIn(headers: Headers, port: number): string[] {
  const name = nameAt(port);
  const ids: string[] = [];
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) ids.push(pair.slice(at + 1).trim());
  }
  return ids.slice(0, MOST_IDS);
}

/** The Set-Cookie field of a login. `secure`: the browser speaks TLS, with a proxy in front. */
export function sessionCookie(id: string, port: number, secure: boolean): string {
  return cookie(`${nameAt(port)}=${id}`, Math.floor(LONGEST_MS / 1000), secure);
}

/** The Set-Cookie field of a logout. */
export function endedCookie(port: number, secure: boolean): string {
  return cookie(`${nameAt(port)}=`, 0, secure);
}

function cookie(pair: string, maxAge: number, secure: boolean): string {
  const parts = [pair, "Path=/admin", `Max-Age=${maxAge}`, "HttpOnly", "SameSite=Strict"];
  return [...parts, ...(secure ? ["Secure"] : [])].join("; ");
}
