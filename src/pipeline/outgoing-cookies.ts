import { withoutCookies } from "../http/cookies.ts";
import type { Outgoing } from "./outgoing.ts";

/**
 * Takes cookies out of what a backend gets; others stay as they are. `part` is a text that the names of
 * all of them contain; it may be empty.
 */
export function removeCookies(
  outgoing: Outgoing,
  part: string,
  isRemoved: (name: string) => boolean,
): void {
  const { fields } = outgoing;
  const left: string[] = [];
  let isFound = false;
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] !== "cookie") continue;
    const cookies = fields[at + 1] ?? "";
    const others = cookies.includes(part) ? withoutCookies(cookies, isRemoved) : cookies;
    isFound ||= others !== cookies;
    if (others !== "") left.push(others);
  }
  if (!isFound) return;
  if (left.length === 0) outgoing.remove("cookie");
  else outgoing.set("cookie", left.join("; "));
}
