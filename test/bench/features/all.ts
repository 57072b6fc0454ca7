import { access } from "./access.ts";
import { balancing } from "./balancing.ts";
import { caching } from "./caching.ts";
import { changing } from "./changing.ts";
import { type Feature, feature, onRoute } from "./feature.ts";
import { contents } from "./contents.ts";
import { limiting } from "./limiting.ts";
import { matching } from "./matching.ts";
import { sight } from "./sight.ts";
import { trying } from "./trying.ts";

/** What is measured for what it costs, in the order of the table. */
export const features: readonly Feature[] = [
  // Both sides are the same, so that it shows how much the other rows can be trusted.
  feature({ key: "nothing", name: "nothing", with: onRoute({}) }),
  ...matching,
  ...changing,
  ...balancing,
  ...trying,
  ...limiting,
  ...access,
  ...caching,
  ...contents,
  ...sight,
];
