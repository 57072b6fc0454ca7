import { fieldOf, type Field } from "../../http/field.ts";
import { contentLength, TOKEN } from "../../http/fields.ts";
import { Malformed } from "../malformed.ts";
import { FieldRole, type HeaderField } from "./header-field.ts";

/** A request's header section (RFC 9113 section 8.3.1). */
export interface RequestHead {
  readonly method: string;
  /** :path, or for CONNECT :authority; without control characters and blanks, otherwise as sent. */
  readonly target: string;
  /** Empty for CONNECT. */
  readonly scheme: string;
  /** Without pseudo-fields, with one Host and at most one Cookie. */
  readonly fields: readonly Field[];
  /** The Content-Length field, in bytes; undefined without one. */
  readonly contentLength: number | undefined;
}

/** An answer's header section (RFC 9113 section 8.3.2). */
export interface AnswerHead {
  /** 100 to 599, not 101. */
  readonly status: number;
  readonly fields: readonly Field[];
  /** The Content-Length field, in bytes; undefined without one. */
  readonly contentLength: number | undefined;
}

const TARGET = /^[\x21-\x7E\x80-\xFF]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const STATUS = /^[1-5][0-9][0-9]$/;

/** Checks a client's header section. Throws Malformed. */
export function requestHead(section: readonly HeaderField[]): RequestHead {
  let method: string | undefined;
  let scheme: string | undefined;
  let authority: HeaderField | undefined;
  let path: string | undefined;
  let host: HeaderField | undefined;
  let length: number | undefined;
  let cookies = 0;
  const fields: Field[] = [];
  for (const field of section) {
    const { role, value } = field;
    switch (role) {
      case FieldRole.plain:
        fields.push(field);
        break;
      case FieldRole.method:
        expectFirst(field, method, fields);
        method = value;
        break;
      case FieldRole.scheme:
        expectFirst(field, scheme, fields);
        scheme = value;
        break;
      case FieldRole.authority:
        expectFirst(field, authority, fields);
        authority = field;
        break;
      case FieldRole.path:
        expectFirst(field, path, fields);
        path = value;
        break;
      case FieldRole.host:
        if (host !== undefined) throw new Malformed("two Host fields");
        host = field;
        fields.push(field);
        break;
      case FieldRole.contentLength:
        length = lengthOf(field, length);
        fields.push(field);
        break;
      case FieldRole.cookie:
        cookies += 1;
        fields.push(field);
        break;
      case FieldRole.status:
      case FieldRole.unknownPseudo:
      case FieldRole.forbidden:
      case FieldRole.invalidName:
      case FieldRole.invalidValue:
        throw malformed(field);
    }
  }
  if (method === undefined || !TOKEN.test(method)) {
    throw new Malformed("no valid :method");
  }
  const target = targetOf(method, scheme, path, authority?.value);
  checkAuthority(authority?.value, host?.value, scheme ?? "");
  // In the place where HTTP/1.1 clients send Host.
  if (host === undefined && authority?.asHost !== undefined) fields.unshift(authority.asHost);
  return {
    method,
    target,
    scheme: scheme ?? "",
    fields: cookies > 1 ? withOneCookie(fields) : fields,
    contentLength: length,
  };
}

/** Checks a server's header section, of a final or an interim answer. Throws Malformed. */
export function answerHead(section: readonly HeaderField[]): AnswerHead {
  let status: string | undefined;
  let length: number | undefined;
  const fields: Field[] = [];
  for (const field of section) {
    const { role } = field;
    if (role === FieldRole.status) {
      expectFirst(field, status, fields);
      status = field.value;
      continue;
    }
    if (role > FieldRole.cookie) throw malformed(field);
    if (role === FieldRole.contentLength) length = lengthOf(field, length);
    fields.push(field);
  }
  if (status === undefined || !STATUS.test(status)) throw new Malformed("no valid :status");
  // There is no Upgrade (RFC 9113 section 8.6).
  if (status === "101") throw new Malformed("an answer of status 101");
  return { status: Number(status), fields, contentLength: length };
}

/** Checks the fields after content (RFC 9113 section 8.1). Throws Malformed. */
export function trailersOf(section: readonly HeaderField[]): readonly Field[] {
  for (const field of section) if (field.role > FieldRole.cookie) throw malformed(field);
  return section;
}

function expectFirst(field: HeaderField, before: unknown, fields: readonly Field[]): void {
  if (before !== undefined) throw new Malformed(`${field.name} twice`);
  if (fields.length > 0) throw new Malformed(`${field.name} after a field`);
}

function malformed(field: HeaderField): Malformed {
  const name = JSON.stringify(field.name);
  if (field.role === FieldRole.invalidName) {
    return new Malformed(`an invalid field name: ${name}`);
  }
  return field.role === FieldRole.invalidValue
    ? new Malformed(`an invalid value of the field ${name}`)
    : new Malformed(`the field ${name}, which is not allowed here`);
}

function lengthOf(field: HeaderField, before: number | undefined): number {
  const length = contentLength(field.value);
  if (length === undefined) throw new Malformed("a Content-Length that is not a number");
  if (before !== undefined) throw new Malformed("two Content-Length fields");
  return length;
}

function targetOf(
  method: string,
  scheme: string | undefined,
  path: string | undefined,
  authority: string | undefined,
): string {
  if (method === "CONNECT") {
    if (scheme !== undefined || path !== undefined || authority === undefined || authority === "") {
      throw new Malformed("a CONNECT with other pseudo-fields than :authority");
    }
    return authority;
  }
  if (scheme === undefined || !SCHEME.test(scheme)) throw new Malformed("no valid :scheme");
  const isPath = path !== undefined && TARGET.test(path);
  if (!isPath || !(path.startsWith("/") || (path === "*" && method === "OPTIONS"))) {
    throw new Malformed("no valid :path");
  }
  return path;
}

function checkAuthority(
  authority: string | undefined,
  host: string | undefined,
  scheme: string,
): void {
  // Mandatory for http and https (RFC 9113 section 8.3.1).
  if ((authority ?? host) === undefined) throw new Malformed("neither :authority nor Host");
  if (authority === "" || host === "") throw new Malformed("an empty :authority or Host");
  if (authority?.includes("@") === true) throw new Malformed("an :authority with user information");
  if (host === undefined || authority === undefined || host === authority) return;
  if (withoutDefaultPort(host, scheme) !== withoutDefaultPort(authority, scheme)) {
    throw new Malformed("a Host that differs from :authority");
  }
}

function withoutDefaultPort(host: string, scheme: string): string {
  const port = scheme.toLowerCase() === "https" ? ":443" : ":80";
  return (host.endsWith(port) ? host.slice(0, -port.length) : host).toLowerCase();
}

/** Clients split Cookie to compress it better; HTTP/1.1 has one (RFC 9113 section 8.2.3). */
function withOneCookie(fields: readonly Field[]): Field[] {
  const values = fields.filter(({ name }) => name === "cookie").map(({ value }) => value);
  const first = fields.findIndex(({ name }) => name === "cookie");
  return fields.flatMap((field, index) => {
    if (index === first) return [fieldOf("cookie", values.join("; "))];
    return field.name === "cookie" ? [] : [field];
  });
}
