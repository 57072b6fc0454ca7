import { createHmac } from "node:crypto";
import { cookieValue, withoutCookie } from "../../http/cookies.ts";
import type { FieldList } from "../../http/field-list.ts";
import { FieldName } from "../../http/field.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import type { Backend } from "../backend.ts";
import type { Balancer } from "../balancers/balancer.ts";
import {
  type CookieValue,
  cookieText,
  ID_LENGTH,
  readCookieValue,
  withId,
} from "./cookie-value.ts";
import { keepFromSharedCaches } from "./private-answer.ts";
import type { StickyConfig } from "./schema.ts";

/** What sticky sessions depend on besides their settings. */
export interface StickyServices {
  readonly clock: Clock;
  /** For upstreams without a secret of their own. Clients must not be able to guess it. */
  readonly ownSecret: string;
}

/**
 * Keeps a client with the backend that has answered it, by a cookie; whom it has not seen, whose backend
 * is gone, unhealthy or full, and further attempts are left to another balancer.
 *
 * The cookie names a backend by an HMAC of its URL. So it cannot be forged, and says nothing about
 * addresses; and routes that have the same backends know each other's clients.
 */
export class Sticky implements Balancer {
  readonly #balancer: Balancer;
  readonly #config: StickyConfig;
  readonly #clock: Clock;
  readonly #secret: string;
  #ids = new Map<string, string>();
  /** Those that get requests. */
  #byId = new Map<string, Backend>();

  constructor(balancer: Balancer, config: StickyConfig, { clock, ownSecret }: StickyServices) {
    this.#balancer = balancer;
    this.#config = config;
    this.#clock = clock;
    this.#secret = config.secret ?? ownSecret;
  }

  balance(healthy: readonly Backend[]): void {
    const before = this.#ids;
    this.#ids = new Map(healthy.map(({ url }) => [url, before.get(url) ?? this.#makeId(url)]));
    this.#byId = new Map(healthy.map((backend) => [this.#idOf(backend), backend]));
    this.#balancer.balance(healthy);
  }

  pick(exchange: Exchange, except?: ReadonlySet<Backend>): Backend | undefined {
    const known = this.#knownIn(this.#read(exchange).ids);
    if (known !== undefined && !known.isFull && except?.has(known) !== true) return known;
    return except === undefined
      ? this.#balancer.pick(exchange)
      : this.#balancer.pick(exchange, except);
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

  /**
   * Sets the cookie in a backend's answer, unless the client's one says the same. A client that has seen
   * nothing of a backend but a failure of the server is not bound to it.
   */
  mark(exchange: Exchange, backend: Backend, answer: { status: number; fields: FieldList }): void {
    if (answer.status >= 500) return;
    const value = this.#read(exchange);
    const id = this.#idOf(backend);
    const isNamed = this.#knownIn(value.ids) === backend || value.ids.at(-1) === id;
    if (isNamed && !this.#isOld(value)) return;
    const cookie = this.#setCookie(withId(value.ids, id), exchange.client.protocol === "https");
    answer.fields.list.push(SET_COOKIE.with(cookie));
    keepFromSharedCaches(answer.fields);
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

  #read({ fields }: Exchange): CookieValue {
    return readCookieValue(cookieValue(fields.all, this.#config.cookie));
  }

  /** The backend with the latest of the ids that are known. */
  #knownIn(ids: readonly string[]): Backend | undefined {
    for (let at = ids.length - 1; at >= 0; at -= 1) {
      const backend = this.#byId.get(ids[at] ?? "");
      if (backend !== undefined) return backend;
    }
    return undefined;
  }

  /** Whether half of its time has passed. */
  #isOld({ setAt }: CookieValue): boolean {
    const { max_age: maxAge } = this.#config;
    return maxAge !== undefined && Math.abs(this.#now() - (setAt ?? 0)) * 2_000 >= maxAge;
  }

  #now(): number {
    return Math.floor(this.#clock.wall() / 1_000);
  }

  #idOf({ url }: Backend): string {
    return this.#ids.get(url) ?? this.#makeId(url);
  }

  #makeId(url: string): string {
    const hmac = createHmac("sha256", this.#secret).update(`sticky backend ${url}`);
    return hmac.digest("base64url").slice(0, ID_LENGTH);
  }
}

const SET_COOKIE = new FieldName("Set-Cookie");
const NAMES = { lax: "Lax", strict: "Strict", none: "None" } as const;
