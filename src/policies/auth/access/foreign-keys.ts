import { type KeyHint, type KeyHints } from "../../../documents/reading/complaints.ts";
import { plainForm } from "../../../units/closest.ts";

/** What other gateways call the keys of a record, and what they are here. */
export interface ForeignRecordKeys {
  readonly keys: string;
  readonly answer: string;
  /** The key of the record with that meaning. */
  readonly means?: string;
}

const ofBoth: readonly ForeignRecordKeys[] = [
  {
    keys: "expiry expires_at expires_on expiration valid_until valid_to not_after until ttl",
    answer: "that is `expires`, a date or a time",
    means: "expires",
  },
  {
    keys: "scope scopes role roles groups group permissions tags custom_id metadata attributes meta",
    answer:
      "what is known about the client goes below `claims`, like `claims: { scope: users:read }`",
    means: "claims",
  },
  {
    keys: "paths path allowed_routes apis services acl",
    answer: "that is `routes`, the names of routes",
    means: "routes",
  },
  {
    keys: "limit rate rps requests_per_second throttle rate_limiting ratelimit",
    answer: "that is `rate_limit`, like `rate_limit: 50/s`",
    means: "rate_limit",
  },
];

export const foreignInKeys: readonly ForeignRecordKeys[] = [
  ...ofBoth,
  {
    keys: "key keys api_key apikey secret token value key_hash sha256 digest credential",
    answer:
      "that is `hash`, and of the key there is only the hash, as `gateway key hash` prints it",
    means: "hash",
  },
];

export const foreignInUsers: readonly ForeignRecordKeys[] = [
  ...ofBoth,
  {
    keys: "password pass passwd pwd secret password_hash hashed_password bcrypt argon2 digest",
    answer: "that is `hash`, as `gateway password` prints it",
    means: "hash",
  },
];

/** The same for the reader of a file; `section` is the key that the configuration has in its place. */
export function hintsOf(foreign: readonly ForeignRecordKeys[], section: string): KeyHints {
  const hints = new Map<string, KeyHint>(
    foreign.flatMap(({ keys, answer, means }) =>
      keys.split(" ").map((key) => [plainForm(key), { answer, means }] as const),
    ),
  );
  return {
    hintFor(key, trail) {
      const hint = hints.get(plainForm(key));
      if (hint !== undefined || trail.length !== 1 || trail[0] !== section) return hint;
      const answer = `in a file, names stand at the top: leave out the line \`${section}:\``;
      return { answer, means: "hash" };
    },
    hintFromElsewhere: () => undefined,
    isUnmistakable: () => false,
  };
}
