import type { Field } from "./field.ts";
import { joined } from "./fields.ts";
import { FieldRules } from "./field-rules.ts";

/** The fields of a request, sorted in one pass: those that the gateway reads, and the others for the backend. */
export class RequestFields {
  // Each as it was sent, repeated fields joined by ", "; null when absent.
  connection: string | null = null;
  contentLength: string | null = null;
  forwarded: string | null = null;
  host: string | null = null;
  maxForwards: string | null = null;
  requestId: string | null = null;
  te: string | null = null;
  trailer: string | null = null;
  transferEncoding: string | null = null;
  upgrade: string | null = null;
  userAgent: string | null = null;
  via: string | null = null;
  xForwardedFor: string | null = null;
  xForwardedHost: string | null = null;
  xForwardedPort: string | null = null;
  xForwardedProto: string | null = null;

  /** All fields, in order. */
  readonly all: readonly Field[];
  /** Those that the gateway passes on unread. */
  readonly others: Field[] = [];
  /** Those that only a trusted proxy may send; undefined without any. */
  claims: Field[] | undefined = undefined;
  readonly rules: FieldRules;
  /**
   * What a backend that parses less strictly than the listener could misread; undefined if nothing. The
   * listener itself has refused what RFC 9112 names.
   */
  problem: string | undefined = undefined;

  constructor(fields: readonly Field[], rules: FieldRules = STANDARD_RULES) {
    this.all = fields;
    this.rules = rules;
    for (const field of fields) this.#sort(field);
  }

  /** The value, those of repeated fields joined by ", "; null without any. Takes a name in lower case. */
  get(name: string): string | null {
    let value: string | null = null;
    for (const field of this.all) if (field.name === name) value = joined(value, field.value);
    return value;
  }

  /** Takes a name in lower case. */
  has(name: string): boolean {
    return this.all.some((field) => field.name === name);
  }

  #sort(field: Field): void {
    const { name, value } = field;
    switch (name) {
      case "host":
        this.host = joined(this.host, value);
        return;
      case "user-agent":
        this.userAgent = joined(this.userAgent, value);
        return;
      case "connection":
        this.connection = joined(this.connection, value);
        return;
      case "content-length":
        this.contentLength = joined(this.contentLength, value);
        return;
      case "transfer-encoding":
        this.transferEncoding = joined(this.transferEncoding, value);
        return;
      case "te":
        this.te = joined(this.te, value);
        return;
      case "trailer":
        this.trailer = joined(this.trailer, value);
        return;
      case "upgrade":
        this.upgrade = joined(this.upgrade, value);
        return;
      case "via":
        this.via = joined(this.via, value);
        return;
      case "max-forwards":
        this.maxForwards = joined(this.maxForwards, value);
        return;
      case "x-request-id":
        this.requestId = joined(this.requestId, value);
        return;
      case "forwarded":
        this.forwarded = joined(this.forwarded, value);
        return;
      case "x-forwarded-for":
        this.xForwardedFor = joined(this.xForwardedFor, value);
        return;
      case "x-forwarded-host":
        this.xForwardedHost = joined(this.xForwardedHost, value);
        return;
      case "x-forwarded-port":
        this.xForwardedPort = joined(this.xForwardedPort, value);
        return;
      case "x-forwarded-proto":
        this.xForwardedProto = joined(this.xForwardedProto, value);
        return;
      // The listener answers Expect, and only the gateway sets X-Real-IP.
      case "expect":
      case "x-real-ip":
        return;
      default:
        break;
    }
    switch (this.rules.kindOf(name)) {
      case "removed":
      case "own":
        return;
      case "claim":
        (this.claims ??= []).push(field);
        return;
      case "lookalike":
        this.problem = `the field ${name} resembles one that only the gateway sets`;
        return;
      case "plain":
        this.others.push(field);
    }
  }
}

const STANDARD_RULES = new FieldRules();
