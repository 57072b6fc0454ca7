import type { KeyHint, KeyHints } from "../../documents/reading/complaints.ts";
import { plainForm } from "../../units/closest.ts";
import { foreignAnywhere } from "./anywhere.ts";
import { foreignInAnswers } from "./answers.ts";
import { foreignInAuth } from "./auth.ts";
import { foreignInBackends } from "./backends.ts";
import { foreignInJwt } from "./jwt.ts";
import { isUpstreamKey, ofRoutes } from "./misplaced.ts";
import { foreignInGuards } from "./guards.ts";
import { foreignInProviders } from "./providers.ts";
import { foreignInRoutes } from "./routes.ts";
import { foreignInSections } from "./sections.ts";
import { foreignInServer } from "./server.ts";
import { foreignInTraffic } from "./traffic.ts";
import { foreignInValidation } from "./validation.ts";

/** All answers. */
export const FOREIGN = [
  ...foreignInServer,
  ...foreignAnywhere,
  ...foreignInAuth,
  ...foreignInJwt,
  ...foreignInGuards,
  ...foreignInSections,
  ...foreignInRoutes,
  ...foreignInBackends,
  ...foreignInTraffic,
  ...foreignInValidation,
  ...foreignInAnswers,
  ...foreignInProviders,
];

/** Keys with one meaning, wherever they are written. */
const UNMISTAKABLE = new Set(
  `server admin logging health_check cors rate_limiting routes backends rate_limit preserve_host preserve_path
  strip_prefix rewrite respond compress
  encoded_slashes port
  shutdown_timeout header_timeout keep_alive_timeout max_header_size max_connections
  max_connections_per_client proxy_protocol trusted_proxies max_body_size buffer_size max_message_size send_forwarded database
  level retention burst requests_per_second weight interval unhealthy_after healthy_after
  allowed_origins allowed_methods allowed_headers exposed_headers allow_credentials
  insecure_skip_verify main_port token`.split(/\s+/),
);

/** Conditions whose keys are names that the file chooses. */
const NAMED = new Set(["headers", "query"]);

/** Keys of auth providers below which names are chosen by the file. */
const RECORDS = new Set(["keys", "users"]);

/** Changes of fields and parameters, below which these are often written at once. */
const CHANGES = new Set([
  "routes.request.headers",
  "routes.request.query",
  "routes.response.headers",
]);

/** Places whose keys are often written in one of the others. */
const WRITTEN_ALIKE = ["", "server", "routes"];

const HINTS = new Map<string, KeyHint>(
  FOREIGN.flatMap(({ below, keys, answer, means }) =>
    below.flatMap((place) =>
      keys.split(" ").map((key) => [`${place} ${plainForm(key)}`, { answer, means }] as const),
    ),
  ),
);

/** Answers to the keys of other gateways, and to those of this one in a wrong place. */
export const keyHints: KeyHints = {
  hintFor(key, trail) {
    const place = trail.join(".");
    const hint = found(place, key);
    if (hint !== undefined) return hint;
    const [top, name, ...rest] = trail;
    if (top === "routes" && NAMED.has(name ?? "") && rest.length === 1) {
      return found(`routes.${name}`, key);
    }
    if (top === "upstreams" && name !== undefined) {
      if (rest.length > 0) return found(["routes", ...rest].join("."), key);
      return ofRoutes(key) ?? inUpstreams(found("routes", key));
    }
    if (top === "auth" && name !== undefined) {
      // Below a provider's name is its kind. The names of keys and users are no places.
      const steps = RECORDS.has(rest[1] ?? "") ? rest.slice(0, 2) : rest;
      return found(["auth", ...steps].join("."), key);
    }
    if (top === "defaults") {
      const inRoutes = found(["routes", ...trail.slice(1)].join("."), key);
      return inRoutes ?? (name === undefined ? ofRoutes(key) : undefined);
    }
    return place === "" || place === "server" ? ofRoutes(key) : undefined;
  },
  hintFromElsewhere(key, trail) {
    if (!WRITTEN_ALIKE.includes(trail.join("."))) return undefined;
    for (const other of WRITTEN_ALIKE) {
      const answer = found(other, key)?.answer;
      if (answer !== undefined) return { answer };
    }
    return undefined;
  },
  isUnmistakable: (key) => UNMISTAKABLE.has(key),
};

function found(place: string, key: string): KeyHint | undefined {
  const hint = HINTS.get(`${place} ${plainForm(key)}`);
  if (hint !== undefined || !CHANGES.has(place)) return hint;
  return { answer: `values are written below \`set\`, like \`set: { ${key}: … }\`` };
}

/** What is said of a route's key where an upstream's are written. */
function inUpstreams(hint: KeyHint | undefined): KeyHint | undefined {
  if (hint?.means === undefined || isUpstreamKey(hint.means)) return hint;
  return { answer: `${hint.answer}; it belongs to the routes of the upstream` };
}
