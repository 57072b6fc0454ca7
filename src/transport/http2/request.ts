import type { BackendRequest } from "../attempt.ts";
import { expectBytes } from "../expect-bytes.ts";

/**
 * The header section of a request by HTTP/2: names, each followed by its value, pseudo-fields first.
 * Connection-specific fields are left out by the encoder. Throws a GatewayError.
 */
export function requestSection({ method, target, to, fields }: BackendRequest): readonly string[] {
  const { origin } = to;
  const schemeEnd = origin.indexOf(":");
  const section = [
    ":method",
    method,
    ":scheme",
    origin.slice(0, schemeEnd),
    ":authority",
    origin.slice(schemeEnd + 3),
    ":path",
    target,
  ];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? "";
    const value = fields[at + 1] ?? "";
    expectBytes(value);
    if (name === "host") section[AUTHORITY] = value;
    else section.push(name, value);
  }
  expectBytes(target);
  return section;
}

/** The place of the authority in a section. */
const AUTHORITY = 5;
