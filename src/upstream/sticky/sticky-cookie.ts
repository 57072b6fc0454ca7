import { createHmac } from "node:crypto";
import { cookieValue, withoutCookie } from "../../http/cookies.ts";
import type { FieldList } from "../../http/field-list.ts";
import { FieldName } from "../../http/field.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import {
  type CookieValue,
  cookieText,
  ID_LENGTH,
  readCookieValue,
  withId,
} from "./cookie-value.ts";
import type { StickyConfig } from "./schema.ts";
import { keepFromSharedCaches } from "../../http/shared-caches.ts";

/** What sticky sessions depend on besides their settings. */
export interface StickyServices {
  readonly clock: Clock;
  /** For cookies without a secret of their own. Clients must not be able to guess it. */
  readonly ownSecret: string;
}

/**
 * A cookie that says where a client belongs, by an HMAC of its name. So it cannot be forged and says
 * nothing about addresses, and whoever makes names in the same way knows each other's clients.
 */
export class StickyCookie {
  readonly #config: StickyConfig;
  readonly #clock: Clock;
  readonly #secret: string;

  constructor(config: StickyConfig, { clock, ownSecret }: StickyServices) {
    this.#config = config;
    this.#clock = clock;
    this.#secret = config.secret ?? ownSecret;
  }

  /** The id of a name: "backend http://localhost:9001". */
  idOf(name: string): string {
    const hmac = createHmac("sha256", this.#secret).update(`sticky ${name}`);
    return hmac.digest("base64url").slice(0, ID_LENGTH);
  }

  read({ fields }: Exchange): CookieValue {
    return readCookieValue(cookieValue(fields.all, this.#config.cookie));
  }

  /** Takes the cookie out of what backends get: it is not theirs. */
  hide({ fields, outgoing }: Exchange): void {
    const { cookie } = this.#config;
    if (cookieValue(fields.all, cookie) === null) return;
    const left: string[] = [];
    for (let at = 0; at < outgoing.fields.length; at += 2) {
      if (outgoing.fields[at] !== "cookie") continue;
      const others = withoutCookie(outgoing.fields[at + 1] ?? "", cookie);
      if (others !== "") left.push(others);
    }
    if (left.length === 0) outgoing.remove("cookie");
    else outgoing.set("cookie", left.join("; "));
  }

  /** Whether half of its time has passed. */
  isOld({ setAt }: CookieValue): boolean {
    const { max_age: maxAge } = this.#config;
    return maxAge !== undefined && Math.abs(this.#now() - (setAt ?? 0)) * 2_000 >= maxAge;
  }

  /**
   * Sets it in an answer, which is then for this client alone. A split and its upstream may both set it,
   * as one field.
   */
  set({ client }: Exchange, fields: FieldList, { ids }: CookieValue, id: string): void {
    const start = `${this.#config.cookie}=`;
    const { list } = fields;
    const present = list.findIndex(
      ({ name, value }) => name === "set-cookie" && value.startsWith(start),
    );
    const already = list[present]?.value.slice(start.length).split(";", 1)[0];
    const known = already === undefined ? ids : readCookieValue(already).ids;
    const cookie = this.#setCookie(withId(known, id), client.protocol === "https");
    list.splice(present === -1 ? list.length : present, 1, SET_COOKIE.with(cookie));
    keepFromSharedCaches(fields);
  }

  #setCookie(ids: readonly string[], isSecure: boolean): string {
    const { cookie, max_age: maxAge, same_site: sameSite } = this.#config;
    const setAt = maxAge === undefined ? undefined : this.#now();
    let text = `${cookie}=${cookieText({ ids, setAt })}; Path=/; HttpOnly`;
    if (maxAge !== undefined) text += `; Max-Age=${Math.floor(maxAge / 1_000)}`;
    // Browsers refuse `none` without Secure, and without either take it for `lax`.
    if (sameSite !== "none" || isSecure) text += `; SameSite=${NAMES[sameSite]}`;
    return isSecure ? `${text}; Secure` : text;
  }

  #now(): number {
    return Math.floor(this.#clock.wall() / 1_000);
  }
}

const SET_COOKIE = new FieldName("Set-Cookie");
const NAMES = { lax: "Lax", strict: "Strict", none: "None" } as const;
