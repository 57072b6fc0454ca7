/** What kinds of failure there are besides those that RFC 8555 section 6.7 names. */
type OwnType = "unreachable" | "invalidAnswer" | "timeout" | "noChallenge";

/** Why an issuer gave no certificate. */
export class IssuerError extends Error {
  /** As in RFC 8555 section 6.7, without the common beginning; or one of our own. */
  readonly type: string;
  /** How long the issuer asks us to wait; undefined if it does not. */
  readonly retryAfterMs: number | undefined;

  constructor(type: OwnType | (string & {}), message: string, retryAfterMs?: number) {
    super(message);
    this.type = type;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the issuer was asked and refused, which counts against its rate limits. */
  get isRefusal(): boolean {
    return this.type !== "unreachable" && this.type !== "serverInternal";
  }
}

const COMMON = "urn:ietf:params:acme:error:";

/** The error in a problem document (RFC 8555 section 6.7). */
export function errorFrom(problem: unknown, retryAfterMs?: number): IssuerError {
  const { type, detail, subproblems } = fieldsOf(problem);
  const name = typeof type === "string" ? type.replace(COMMON, "") : "invalidAnswer";
  // Of a compound error, the parts say more.
  const parts = Array.isArray(subproblems) ? subproblems.map((part) => fieldsOf(part)) : [];
  const first = parts.find((part) => typeof part["type"] === "string")?.["type"];
  const details = [detail, ...parts.map((part) => part["detail"])].filter(
    (text): text is string => typeof text === "string" && text !== "",
  );
  return new IssuerError(
    name === "compound" && typeof first === "string" ? first.replace(COMMON, "") : name,
    details.length === 0 ? "the issuer gave no reason" : details.join("; "),
    retryAfterMs,
  );
}

/** The members of a JSON object; none for any other value. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
