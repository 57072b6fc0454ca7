import { hopByHopFields, TOKEN } from "../http/fields.ts";

/** What cannot be said about a field, and why; by its name. */
type Reasons = ReadonlyMap<string, string>;

const FRAMING =
  "it belongs to the connection and the framing of messages, which the gateway decides";
const HANDSHAKE = "a WebSocket's handshake depends on it";
const IDENTITY = "the gateway sets it: it is the exchange's id in the log and in problems";
const VIA = "the gateway sets it, so that requests that loop are recognized";
const CLIENT =
  "the gateway sets it to what it knows of the client; which proxies it believes is `server.trusted_proxies`";

const inBothDirections: readonly (readonly [string, string])[] = [
  ...[...hopByHopFields, "content-length"].map((name) => [name, FRAMING] as const),
  ...["accept", "extensions", "key", "version"].map(
    (end) => [`sec-websocket-${end}`, HANDSHAKE] as const,
  ),
  ["via", VIA],
];

const notOfRequests: Reasons = new Map([
  ...inBothDirections,
  ["expect", FRAMING],
  ["host", "what backends get as Host is the key `host` of the route"],
  ["max-forwards", "the gateway counts it down"],
]);

/** What the gateway sets may be kept from a backend. */
const notSetInRequests: Reasons = new Map([
  ...notOfRequests,
  ["x-request-id", IDENTITY],
  ...[
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "client-cert",
  ].map((name) => [name, CLIENT] as const),
]);

const notOfAnswers: Reasons = new Map([...inBothDirections, ["x-request-id", IDENTITY]]);

/** The names that are refused: for fields that are set or added, and for those that are removed. */
export interface RefusedNames {
  readonly set: Reasons;
  readonly remove: Reasons;
}

export const refusedInRequests: RefusedNames = { set: notSetInRequests, remove: notOfRequests };
export const refusedInAnswers: RefusedNames = { set: notOfAnswers, remove: notOfAnswers };

/** Why a field of this name cannot be changed; undefined if it can. */
export function nameProblem(name: string, refused: Reasons): string | undefined {
  if (!TOKEN.test(name)) return `\`${name}\` is not a field name; write one like X-Tenant`;
  // Some backends read every other character as a "-".
  const reason = refused.get(name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-"));
  return reason === undefined ? undefined : `\`${name}\` cannot be changed: ${reason}`;
}
