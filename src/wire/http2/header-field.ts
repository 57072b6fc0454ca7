import { type Field, fieldOf } from "../../http/field.ts";

/** What a field of a header section means to HTTP/2 itself (RFC 9113 sections 8.2 and 8.3). */
export const FieldRole = {
  plain: 0,
  host: 1,
  contentLength: 2,
  cookie: 3,
  method: 4,
  scheme: 5,
  authority: 6,
  path: 7,
  status: 8,
  /** Everything from here on makes the message malformed. */
  unknownPseudo: 9,
  forbidden: 10,
  invalidName: 11,
  invalidValue: 12,
} as const;

/** Of one of FieldRole. */
type Role = (typeof FieldRole)[keyof typeof FieldRole];

/** Names that are checked no further, with their role. */
const ROLES = new Map<string, Role>([
  [":method", FieldRole.method],
  [":scheme", FieldRole.scheme],
  [":authority", FieldRole.authority],
  [":path", FieldRole.path],
  [":status", FieldRole.status],
  ["host", FieldRole.host],
  ["content-length", FieldRole.contentLength],
  ["cookie", FieldRole.cookie],
  ["connection", FieldRole.forbidden],
  ["keep-alive", FieldRole.forbidden],
  ["proxy-connection", FieldRole.forbidden],
  ["transfer-encoding", FieldRole.forbidden],
  ["upgrade", FieldRole.forbidden],
]);

/** Whether a field may not be sent by HTTP/2 (RFC 9113 section 8.2.2). TE is another matter. */
export function isConnectionSpecific(name: string): boolean {
  return ROLES.get(name) === FieldRole.forbidden;
}

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// Blanks at an end are malformed (RFC 9113 section 8.2.1), and so are control characters, which HTTP/1.1
// would not carry (RFC 9110 section 5.5).
const VALUE = /^(?:[\x21-\x7E\x80-\xFF](?:[\t\x20-\x7E\x80-\xFF]*[\x21-\x7E\x80-\xFF])?)?$/;

/** What a field takes in a table or list besides its characters (RFC 7541 section 4.1), in bytes. */
export const FIELD_OVERHEAD = 32;

/** A field as HPACK carries it, checked once, however often its table entry is used. */
export class HeaderField implements Field {
  readonly name: string;
  readonly value: string;
  /** Empty for pseudo-fields. */
  readonly line: string;
  /** In bytes, as RFC 7541 section 4.1 counts them. */
  readonly size: number;
  readonly role: Role;
  /** Its sender wants no one to compress it (RFC 7541 section 7.1.3). */
  readonly isNeverIndexed: boolean;
  /** Of :authority: the Host field that HTTP/1.1 has for it. */
  readonly asHost: Field | undefined;

  constructor(name: string, value: string, isNeverIndexed = false) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + FIELD_OVERHEAD;
    this.role = roleOf(name, value);
    this.line = name.startsWith(":") ? "" : `${name}: ${value}\r\n`;
    this.isNeverIndexed = isNeverIndexed;
    this.asHost = this.role === FieldRole.authority ? fieldOf("host", value) : undefined;
  }
}

function roleOf(name: string, value: string): Role {
  const role = ROLES.get(name);
  if (role === undefined) {
    if (name.startsWith(":")) return FieldRole.unknownPseudo;
    if (!NAME.test(name)) return FieldRole.invalidName;
    if (name === "te" && value.toLowerCase() !== "trailers") return FieldRole.forbidden;
  }
  return VALUE.test(value) ? (role ?? FieldRole.plain) : FieldRole.invalidValue;
}
