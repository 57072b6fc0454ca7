import { paths } from "../backend.ts";
import type { Section } from "../gateway.ts";
import { type Feature, feature, onRoute, type Setup } from "./feature.ts";
import { headers, neverTheSame } from "./scripts.ts";

const NO_STORE: Section = { response: { headers: { set: { "cache-control": "no-store" } } } };
const respond: Setup = {
  routes: () => [
    {
      path: "/*",
      respond: {
        status: 200,
        body: "x".repeat(89),
        headers: { "content-type": "application/json" },
      },
    },
  ],
};
const accepting = () => headers({ "Accept-Encoding": "gzip, br, zstd" });

export const caching: readonly Feature[] = [
  feature({ key: "cache-hit", name: "`cache`, hits", with: onRoute({ cache: { ttl: "1h" } }) }),
  // What an answer costs that nobody is asked for.
  feature({ key: "respond", name: "`respond` in place of a backend", with: respond }),
  feature({
    key: "cache-miss",
    name: "`cache`, each answer stored and never asked for again",
    path: paths.below,
    script: () => neverTheSame(paths.below),
    with: onRoute({ cache: { ttl: "1h" } }),
  }),
  feature({
    key: "cache-no-store",
    name: "`cache`, answers that must not be stored",
    without: onRoute(NO_STORE),
    with: onRoute({ ...NO_STORE, cache: true }),
  }),
  feature({
    key: "compress-small",
    name: "`compress`, 90 bytes, which are too few",
    script: accepting,
    with: onRoute({ compress: true }),
  }),
  feature({
    key: "compress",
    name: "`compress`, 10 KB by zstd",
    path: paths.json10k,
    script: accepting,
    with: onRoute({ compress: true }),
  }),
];
