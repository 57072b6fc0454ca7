import { hopByHopFields } from "./fields.ts";
import { forwardingFields } from "./forwarded.ts";

/**
 * What the gateway has to know of the fields of a request, in one pass over them. To ask Headers for
 * a field, or to delete one that is not there, costs as much as reading one here.
 */
export class RequestFields {
  // Each as it was sent, repetitions joined by ", "; null when it was not.
  connection: string | null = null;
  contentLength: string | null = null;
  forwarded: string | null = null;
  host: string | null = null;
  requestId: string | null = null;
  transferEncoding: string | null = null;
  upgrade: string | null = null;
  userAgent: string | null = null;
  via: string | null = null;
  xForwardedFor: string | null = null;
  xForwardedHost: string | null = null;
  xForwardedProto: string | null = null;

  /** Those that are for this connection only, and Expect, which the listener answers. */
  readonly forOneHop: string[] = [];
  /** Those by which a proxy tells of others, but for Via. */
  readonly claims: string[] = [];
  /**
   * What makes the fields ambiguous to somebody who reads them less strictly than the listener's
   * parser, which has refused all that RFC 9112 section 6 names; undefined when nothing does.
   */
  problem: string | undefined = undefined;

  constructor(headers: Headers) {
    // oxlint-disable-next-line unicorn/no-array-for-each -- an iterator here costs half as much again
    headers.forEach((value, name) => this.#read(name, value));
  }

  #read(name: string, value: string): void {
    if (value.includes(DELETE)) this.problem = `the field ${name} holds a control character`;
    switch (name) {
      case "host":
        this.host = value;
        return;
      case "user-agent":
        this.userAgent = value;
        return;
      case "connection":
        this.connection = value;
        break;
      case "content-length":
        this.contentLength = value;
        if (!/^[0-9]+$/.test(value)) this.problem = "the Content-Length field is not one number";
        return;
      case "transfer-encoding":
        this.transferEncoding = value;
        if (value.toLowerCase() !== "chunked") {
          this.problem = "the only Transfer-Encoding that is understood is chunked";
        }
        break;
      case "upgrade":
        this.upgrade = value;
        break;
      case "via":
        this.via = value;
        return;
      case "x-request-id":
        this.requestId = value;
        return;
      case "forwarded":
        this.forwarded = value;
        break;
      case "x-forwarded-for":
        this.xForwardedFor = value;
        break;
      case "x-forwarded-host":
        this.xForwardedHost = value;
        break;
      case "x-forwarded-proto":
        this.xForwardedProto = value;
        break;
      default:
        if (name.includes("_") && RESERVED.has(name.replaceAll("_", "-"))) {
          this.problem = `the field ${name} resembles one that only the gateway sets`;
        }
    }
    if (FOR_ONE_HOP.has(name)) this.forOneHop.push(name);
    else if (FORWARDING.has(name)) this.claims.push(name);
  }
}

const FOR_ONE_HOP: ReadonlySet<string> = new Set([...hopByHopFields, "expect"]);
const FORWARDING: ReadonlySet<string> = new Set(forwardingFields);
// Backends that hand fields on as variables, as CGI does, take "_" and "-" for the same.
const RESERVED: ReadonlySet<string> = new Set([
  ...forwardingFields,
  "content-length",
  "transfer-encoding",
  "x-request-id",
]);
const DELETE = "\u007F";
