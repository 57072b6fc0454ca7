import type { KeyHint, KeyHints } from "../reading/complaints.ts";
import { plainForm } from "../../units/closest.ts";
import { foreignAnywhere } from "./anywhere.ts";
import { foreignInRoutes } from "./routes.ts";
import { foreignInSections } from "./sections.ts";

/** All answers. */
export const FOREIGN = [...foreignAnywhere, ...foreignInSections, ...foreignInRoutes];

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

/** Places whose keys are often written in one of the others. */
const WRITTEN_ALIKE = ["", "server", "routes"];

const HINTS = new Map<string, KeyHint>(
  FOREIGN.flatMap(({ below, keys, answer, means }) =>
    below.flatMap((place) =>
      keys.split(" ").map((key) => [`${place} ${plainForm(key)}`, { answer, means }] as const),
    ),
  ),
);

/** Answers to the keys of other gateways. */
export const keyHints: KeyHints = {
  hintFor: (key, trail) => HINTS.get(`${trail.join(".")} ${plainForm(key)}`),
  hintFromElsewhere(key, trail) {
    if (!WRITTEN_ALIKE.includes(trail.join("."))) return undefined;
    const name = plainForm(key);
    for (const other of WRITTEN_ALIKE) {
      const answer = HINTS.get(`${other} ${name}`)?.answer;
      if (answer !== undefined) return { answer };
    }
    return undefined;
  },
  isUnmistakable: (key) => UNMISTAKABLE.has(key),
};
