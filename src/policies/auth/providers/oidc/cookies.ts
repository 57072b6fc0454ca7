import { cookiesIn, cookieValue } from "../../../../http/cookies.ts";
import { type Field, FieldName } from "../../../../http/field.ts";
import type { Outgoing } from "../../../../pipeline/outgoing.ts";
import { removeCookies } from "../../../../pipeline/outgoing-cookies.ts";

/**
 * Characters of a cookie's value. Browsers take 4096 bytes of a cookie (RFC 6265 section 6.1), name and
 * attributes included.
 */
const LONGEST_VALUE = 3_800;
/** A session that needs more would not pass through many proxies. */
const MOST_PARTS = 5;
const LOGIN_ID = "[A-Za-z0-9_-]{8}";
const SET_COOKIE = new FieldName("Set-Cookie");

/** A login that a browser has begun: its cookie's id and value. */
export interface LoginCookie {
  readonly id: string;
  readonly value: string;
}

/**
 * The cookies of one provider, as one scheme has them. Over https their names begin with `__Host-`, so
 * that neither plain http nor a neighbouring host can set them.
 */
export class Cookies {
  readonly #name: string;
  readonly #attributes: string;
  readonly #partNames: readonly string[];
  readonly #loginName: RegExp;
  readonly #ownName: RegExp;

  constructor(name: string, isSecure: boolean) {
    this.#name = isSecure ? `__Host-${name}` : name;
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
    const further = Array.from({ length: MOST_PARTS - 1 }, (_, at) => `${this.#name}-${at + 1}`);
    this.#partNames = [this.#name, ...further];
    const escaped = this.#name.replaceAll(".", "\\.");
    this.#loginName = new RegExp(`^${escaped}-login-(${LOGIN_ID})$`);
    this.#ownName = new RegExp(
      `^${escaped}(?:-[1-${MOST_PARTS - 1}]|-login-${LOGIN_ID}|-logins)?$`,
    );
  }

  /** The session's text; undefined without one, or if a part of it is missing. */
  session(fields: readonly Field[]): string | undefined {
    const first = cookieValue(fields, this.#name);
    if (first === null) return undefined;
    const count = Number(first.charAt(0));
    if (!(count >= 1 && count <= MOST_PARTS)) return undefined;
    let text = first.slice(1);
    for (let at = 1; at < count; at += 1) {
      const part = cookieValue(fields, this.#partNames[at] ?? "");
      if (part === null) return undefined;
      text += part;
    }
    return text;
  }

  /** Undefined if the text does not fit into cookies. */
  setSession(text: string, fields: readonly Field[]): Field[] | undefined {
    const count = Math.max(1, Math.ceil((text.length + 1) / LONGEST_VALUE));
    if (count > MOST_PARTS) return undefined;
    const whole = `${count}${text}`;
    return this.#partNames.flatMap((name, at) => {
      const part = whole.slice(at * LONGEST_VALUE, (at + 1) * LONGEST_VALUE);
      if (at < count) return [this.#set(name, part)];
      return cookieValue(fields, name) === null ? [] : [this.#clear(name)];
    });
  }

  /** Removes the session's cookies that the browser has. */
  clearSession(fields: readonly Field[]): Field[] {
    return this.#partNames
      .filter((name) => cookieValue(fields, name) !== null)
      .map((name) => this.#clear(name));
  }

  login(fields: readonly Field[], id: string): string | undefined {
    return cookieValue(fields, this.#nameOfLogin(id)) ?? undefined;
  }

  /** Every login that the browser has begun, up to a bound. */
  logins(fields: readonly Field[], most: number): LoginCookie[] {
    const found: LoginCookie[] = [];
    for (const { name, value } of cookiesIn(fields)) {
      const id = this.#loginName.exec(name)?.[1];
      if (id !== undefined) found.push({ id, value });
      if (found.length === most) break;
    }
    return found;
  }

  setLogin({ id, value }: LoginCookie, maxAgeMs: number): Field {
    return this.#set(this.#nameOfLogin(id), value, maxAgeMs);
  }

  clearLogin(id: string): Field {
    return this.#clear(this.#nameOfLogin(id));
  }

  /** How many logins in a row have just succeeded, as the browser was told. */
  loginsInARow(fields: readonly Field[]): number {
    const written = cookieValue(fields, `${this.#name}-logins`);
    return written !== null && /^[1-9]$/.test(written) ? Number(written) : 0;
  }

  setLoginsInARow(count: number, maxAgeMs: number): Field {
    return this.#set(`${this.#name}-logins`, `${Math.min(count, 9)}`, maxAgeMs);
  }

  clearLoginsInARow(): Field {
    return this.#clear(`${this.#name}-logins`);
  }

  /** Takes all of them out of what a backend gets. */
  hide(outgoing: Outgoing): void {
    removeCookies(outgoing, this.#name, (name) => this.#ownName.test(name));
  }

  #nameOfLogin(id: string): string {
    return `${this.#name}-login-${id}`;
  }

  #set(name: string, value: string, maxAgeMs?: number): Field {
    const age = maxAgeMs === undefined ? "" : `; Max-Age=${Math.ceil(maxAgeMs / 1_000)}`;
    return SET_COOKIE.with(`${name}=${value}${this.#attributes}${age}`);
  }

  #clear(name: string): Field {
    return SET_COOKIE.with(`${name}=${this.#attributes}; Max-Age=0`);
  }
}
