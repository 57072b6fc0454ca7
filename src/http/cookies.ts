import { withoutBlanksAround } from "./blanks.ts";
import type { Field } from "./field.ts";

/**
 * The value of the first cookie of a name in a request's Cookie fields, as it was sent, with its quotes
 * if it has any (RFC 6265 section 5.4). Names are compared literally. Null without one.
 */
export function cookieValue(fields: readonly Field[], name: string): string | null {
  for (const field of fields) {
    if (field.name !== "cookie") continue;
    const value = valueIn(field.value, name);
    if (value !== null) return value;
  }
  return null;
}

function valueIn(cookies: string, name: string): string | null {
  let start = 0;
  let equals = cookies.indexOf("=");
  while (start < cookies.length && equals !== -1) {
    const next = cookies.indexOf(";", start);
    const end = next === -1 ? cookies.length : next;
    // Searched for only where it has not been: the time is linear in the length.
    if (equals < start) equals = cookies.indexOf("=", start);
    if (
      equals !== -1 &&
      equals < end &&
      withoutBlanksAround(cookies.slice(start, equals)) === name
    ) {
      return withoutBlanksAround(cookies.slice(equals + 1, end));
    }
    start = end + 1;
  }
  return null;
}

/** Every cookie in a request's Cookie fields, in their order. */
export function* cookiesIn(fields: readonly Field[]): Generator<{ name: string; value: string }> {
  for (const field of fields) {
    if (field.name !== "cookie") continue;
    for (const cookie of field.value.split(";")) {
      const equals = cookie.indexOf("=");
      if (equals === -1) continue;
      const name = withoutBlanksAround(cookie.slice(0, equals));
      yield { name, value: withoutBlanksAround(cookie.slice(equals + 1)) };
    }
  }
}

/** Whether a request has more than one cookie of a name: nobody can tell which is meant. */
export function isRepeatedCookie(fields: readonly Field[], name: string): boolean {
  let found = 0;
  for (const cookie of cookiesIn(fields)) if (cookie.name === name) found += 1;
  return found > 1;
}

/** A Cookie field's value without the cookies of a name; empty if there are no others. */
export function withoutCookie(cookies: string, name: string): string {
  return cookiesBut(cookies, (one) => one === name).join("; ");
}

/** The same without some cookies, by their names; as it was if none of these is there. */
export function withoutCookies(cookies: string, isRemoved: (name: string) => boolean): string {
  const isThere = cookies.split(";").some((cookie) => isRemoved(nameOf(cookie)));
  return isThere ? cookiesBut(cookies, isRemoved).join("; ") : cookies;
}

function cookiesBut(cookies: string, isRemoved: (name: string) => boolean): string[] {
  return cookies
    .split(";")
    .map(withoutBlanksAround)
    .filter((cookie) => cookie !== "" && !isRemoved(nameOf(cookie)));
}

function nameOf(cookie: string): string {
  const equals = cookie.indexOf("=");
  return withoutBlanksAround(equals === -1 ? "" : cookie.slice(0, equals));
}
