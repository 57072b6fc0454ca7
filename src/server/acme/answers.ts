import { fieldsOf, IssuerError } from "./issuer-error.ts";

export interface Order {
  readonly url: string;
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | undefined;
  /** Why it has become invalid. */
  readonly error: unknown;
}

export interface Authorization {
  readonly status: string;
  readonly name: string;
  readonly challenges: readonly Challenge[];
}

export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly error: unknown;
}

/** When an issuer wants a certificate renewed (RFC 9773), in Unix epoch milliseconds. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
  /** When to ask again; undefined if the issuer does not say. */
  readonly askAgainMs: number | undefined;
}

export function readOrder(url: string, value: unknown): Order {
  const order = fieldsOf(value);
  const { authorizations, error } = order;
  return {
    url,
    status: required(order, "status"),
    authorizations: Array.isArray(authorizations) ? authorizations.map(String) : [],
    finalize: required(order, "finalize"),
    certificate: textIn(order, "certificate"),
    error,
  };
}

export function readAuthorization(value: unknown): Authorization {
  const authorization = fieldsOf(value);
  const { identifier, challenges } = authorization;
  return {
    status: required(authorization, "status"),
    name: required(fieldsOf(identifier), "value"),
    challenges: (Array.isArray(challenges) ? challenges : []).map((challenge: unknown) => {
      const fields = fieldsOf(challenge);
      return {
        type: required(fields, "type"),
        url: required(fields, "url"),
        token: textIn(fields, "token") ?? "",
        error: fields["error"],
      };
    }),
  };
}

function required(fields: Readonly<Record<string, unknown>>, name: string): string {
  const text = textIn(fields, name);
  if (text !== undefined) return text;
  throw new IssuerError("invalidAnswer", `the issuer's answer has no ${name}`);
}

export function textIn(
  fields: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}
