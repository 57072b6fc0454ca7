import type { Field } from "../http/field.ts";
import { queryWithoutUserInfo, USER_INFO_IN_QUERY, withoutUserInfo } from "../http/user-info.ts";

/** The names of what usually holds a secret, in any case and with any of "-", "_" and nothing inside. */
export const SECRET_PARAMETERS: readonly string[] = [
  "token",
  "access_token",
  "id_token",
  "refresh_token",
  "jwt",
  "api_key",
  "x_api_key",
  "key",
  "password",
  "passwd",
  "pwd",
  "secret",
  "client_secret",
  "assertion",
  "client_assertion",
  "SAMLResponse",
  "authorization",
  "code",
  "code_verifier",
  "signature",
  "sig",
  "X-Amz-Signature",
  "X-Amz-Security-Token",
  "X-Goog-Signature",
];

/** Request fields that hold secrets. */
export const SECRET_FIELDS: readonly string[] = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
  "x-auth-token",
  "x-csrf-token",
  "x-amz-security-token",
];

/** What stands in place of a secret. */
export const REDACTED = "[redacted]";

/** Fields that hold secrets by their names, whatever the configuration lists. */
const SECRET_FIELD =
  /authorization|token|secret|passw|passphrase|api[-_]?key|cookie|session|credential|assertion|jwt|csrf|xsrf|(?:^|[-_])(?:key|pwd|auth|otp|totp|pin|dpop|sig|signature)(?:[-_]\d+)?$/;
/** Keys that open nothing. */
const PUBLIC_KEY = /^(?:sec-websocket-key|(?:x-)?(?:idempotency|cache|surrogate)-key)$/;
/** What is a secret under any name: what follows a scheme, without parameters, and signed tokens. */
const CREDENTIALS =
  /(\b(?:bearer|apikey|negotiate)[\s,.]+|\bbasic\s+(?=[\w+/]{8,}={0,2}(?:$|[\s,;])))(?![\w-]+\s*=\s*")[^\s,;"]+|\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*){1,3}/gi;
/** A user's name and password in a path in which "//" has become "/". */
const USER_IN_PATH = /((?:^|\s|:)\/)[^/\s:@]*:[^/\s@]*(?=@[^/\s])/g;
/** Of Set-Cookie: what precedes the value, and the value. */
const COOKIE_VALUE = /^([^=;]*=)?[^;]*/;

/** Before a parameter's name; some servers split at ";" too, and a value can be a URL, encoded or not. */
const BEFORE = "(?:[?&;#]|%(?:25)*(?:3F|26|3B|23))";
const NAME = new RegExp(
  `${BEFORE}((?:[^=?&;#%]|%(?!(?:25)*(?:3F|26|3B|23|3D)))*)(?:=|%(?:25)*3D)`,
  "gi",
);
/** Where a value ends. A ";" may be part of one. */
const END_IN_QUERY = /&/g;
const END_IN_PATH = /[&/]/g;
const END_IN_TEXT = /[&\s"'`<>)]/g;

/** More of a message is not kept, and would take long to search. */
const LONGEST_MESSAGE = 8_192;
/** Shorter ones are found in any message. */
const SHORTEST_SECRET = 8;
/** Of those in a request's fields, at most this many are looked for. */
const MOST_SECRETS = 64;

/** Names under which secrets travel. */
export interface RedactedNames {
  /** Of query parameters. */
  readonly query: readonly string[];
  /** Of request fields. */
  readonly fields: readonly string[];
  /** Of cookies: the Cookie field is a secret anyway, but a text can be made of one cookie. */
  readonly cookies?: readonly string[];
}

/** Leaves secrets out of what is kept or shown of an exchange, by the names under which they travel. */
export class Redaction {
  readonly #parameters: ReadonlySet<string>;
  readonly #fields: ReadonlySet<string>;
  readonly #cookies: ReadonlySet<string>;
  /** Finds these names, and what has to be decoded first. Takes linear time. */
  readonly #suspicious: RegExp;
  readonly #hidesUserAgent: boolean;

  constructor({ query, fields, cookies = [] }: RedactedNames) {
    this.#parameters = new Set(query.map(plain));
    this.#fields = new Set(fields.map((name) => name.toLowerCase()));
    this.#cookies = new Set(cookies);
    this.#hidesUserAgent = this.#fields.has("user-agent");
    const names = [...this.#parameters].map(inAnySpelling).join("|");
    this.#suspicious = new RegExp(
      `[?&;#](?:(?:${names === "" ? "(?!)" : names})=|[^=?&;#%+.[ ]*[%+.[ ])|%(?:25)*(?:3F|26|3B|23)|${USER_INFO_IN_QUERY}`,
      "i",
    );
  }

  /**
   * A query, its "?" included, with the values of secret parameters replaced by "[redacted]". Names match
   * in any case, percent-encoded, as part of `user[password]`, and in a URL that is a value.
   */
  query(query: string): string {
    if (query === "" || !this.#suspicious.test(query)) return query;
    return queryWithoutUserInfo(this.#withoutValues(query, END_IN_QUERY));
  }

  /** Whether a secret travels under this name, in any spelling. */
  hides(place: "header" | "query" | "cookie", name: string): boolean {
    if (place === "header") return this.#fields.has(name.toLowerCase());
    return place === "query" ? this.#isSecret(name) : this.#cookies.has(name);
  }

  /** A path, without the secrets in its parameters (`;token=a`) and in URLs that are part of it. */
  path(path: string): string {
    // Most have neither parameters nor user information. A regular expression would take 20 ns.
    if (!path.includes("=") && !path.includes("@") && !path.includes("%")) return path;
    // The target of CONNECT, or a refused one.
    if (!path.startsWith("/")) return this.host(path);
    const left = queryWithoutUserInfo(this.#withoutValues(path, END_IN_PATH));
    return left.includes("@") ? left.replace(USER_IN_PATH, `$1${REDACTED}`) : left;
  }

  /** A host, which a refused request may have sent with a user's name and password. */
  host(host: string): string {
    return host.includes("@") ? REDACTED + host.slice(host.lastIndexOf("@")) : host;
  }

  /**
   * The value of a field of a request or an answer, whose name is in lower case. Of Set-Cookie, the names
   * and attributes stay.
   */
  field({ name, value }: Pick<Field, "name" | "value">): string {
    if (name === "set-cookie") return value.replace(COOKIE_VALUE, `$1${REDACTED}`);
    if (this.#isSecretField(name)) return REDACTED;
    if (name.endsWith("host")) return this.host(value);
    const left = value.slice(0, LONGEST_MESSAGE);
    const hasUrl = left.includes("=") || left.includes("@") || left.includes("%");
    const shown = (hasUrl ? this.text(left, []) : left).replace(CREDENTIALS, `$1${REDACTED}`);
    return left.length < value.length && shown !== left ? withoutLastWord(shown) : shown;
  }

  #isSecretField(name: string): boolean {
    return this.#fields.has(name) || (SECRET_FIELD.test(name) && !PUBLIC_KEY.test(name));
  }

  /** A User-Agent field, the only one of which rows keep the value; empty if it is absent. */
  userAgent(value: string | null): string {
    if (value === null) return "";
    return this.#hidesUserAgent ? REDACTED : value;
  }

  /** A message, without the secrets of URLs in it, and without those that stand in the request's fields. */
  message(message: string, fields: readonly Field[]): string {
    const whole = message.slice(0, LONGEST_MESSAGE);
    const left = this.text(whole, this.secretsIn(fields));
    // Half a secret at the end was not found, and may have come closer to the beginning.
    return whole.length < message.length && left !== whole ? withoutLastWord(left) : left;
  }

  /** A text of any length, without the secrets of URLs in it, and without the given ones. */
  text(text: string, secrets: Iterable<string>): string {
    let left = withoutUserInfo(this.#withoutValues(text, END_IN_TEXT));
    if (left.includes("@")) left = left.replace(USER_IN_PATH, `$1${REDACTED}`);
    for (const secret of secrets) left = left.replaceAll(secret, REDACTED);
    return left;
  }

  /** The secrets that stand in a request's fields, as far as they are long enough to be recognized. */
  secretsIn(fields: readonly Field[]): Iterable<string> {
    const secrets = new Set<string>();
    for (const { name, value } of fields) {
      if (!this.#isSecretField(name)) continue;
      const words = value.split(/[\s,;"]+/, MOST_SECRETS);
      // The scheme is none.
      if (name.endsWith("authorization") && words.length > 1) words.shift();
      for (const word of words) {
        if (secrets.size >= MOST_SECRETS) return secrets;
        const inCookie = word.slice(word.indexOf("=") + 1);
        for (const part of [word, inCookie]) if (part.length >= SHORTEST_SECRET) secrets.add(part);
      }
    }
    return secrets;
  }

  #withoutValues(text: string, end: RegExp): string {
    let redacted = "";
    let from = 0;
    for (const found of text.matchAll(NAME)) {
      const value = found.index + found[0].length;
      // Inside a value that has already been redacted.
      if (found.index < from || !this.#isSecret(found[1] ?? "")) continue;
      end.lastIndex = value;
      const next = end.exec(text)?.index ?? text.length;
      redacted += text.slice(from, value);
      if (next > value) redacted += REDACTED;
      from = next;
    }
    return from === 0 ? text : redacted + text.slice(from);
  }

  #isSecret(written: string): boolean {
    const name = decoded(written);
    return (
      this.#parameters.has(plain(name)) ||
      name.split(/[[\].\s]+/).some((word) => this.#parameters.has(plain(word)))
    );
  }
}

function withoutLastWord(text: string): string {
  return text.slice(0, Math.max(0, text.lastIndexOf(" ")));
}

/** `access-token`, `accessToken` and `ACCESS_TOKEN` are one name. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/** Whether two names of parameters are redacted as one. */
export function spelledAlike(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function inAnySpelling(name: string): string {
  return Array.from(name, (character) => RegExp.escape(character)).join("[-_]*");
}

const ESCAPE = /%([0-9A-F]{2})/gi;
/** A URL in a URL in a URL is encoded this often. */
const MOST_ENCODED = 3;

function decoded(name: string): string {
  let left = name.replaceAll("+", " ");
  for (let times = 0; times < MOST_ENCODED && left.includes("%"); times += 1) {
    left = left.replace(ESCAPE, (_escape, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  }
  return left;
}

/** What every configuration leaves out. */
export const USUAL_SECRETS: RedactedNames = { query: SECRET_PARAMETERS, fields: SECRET_FIELDS };

/** For exchanges of no configuration. */
export const USUAL_REDACTION = new Redaction(USUAL_SECRETS);
