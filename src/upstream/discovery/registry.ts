import type { DiscoveryDefinition } from "./source.ts";
import { staticList } from "./static.ts";

/** Every kind of discovery source. All but the first stand under their keys in `discover`. */
export const discoveryRegistry: readonly DiscoveryDefinition[] = [staticList];
