import type { ParsedText } from "../../pipeline/placeholders.ts";
import { definePolicy, type Policy, type PolicyServices } from "../../pipeline/policy.ts";
import { Flights } from "./flight.ts";
import { Invalidation } from "./invalidation.ts";
import { Judge } from "./judge.ts";
import { Places } from "./places.ts";
import { ResponseCache } from "./response-cache.ts";
import {
  type CacheConfig,
  type CacheSettings,
  cacheSchema,
  checkCache,
  DEFAULTS,
  maxEntryOf,
} from "./schema.ts";
import { Shelf } from "./shelf.ts";
import { Store } from "./store.ts";
import { Unshared } from "./unshared.ts";

/**
 * Answers requests with stored answers (RFC 9111). Outside of the policies that change requests for the
 * backend and its answers: what is stored is what clients get.
 */
export const cache = definePolicy({
  name: "cache",
  routeReplacesGlobal: false,
  route: { key: "cache", schema: cacheSchema, check: checkCache, create },
  // Requests that change something may come by other routes than the answers that are stored.
  beside: ({ share }) => new Invalidation(share("store", () => new Store())),
});

function create(
  config: CacheConfig,
  { clock, keep, share, idleTimeout, behind }: PolicyServices,
  _name: string,
  global?: Policy,
): Policy | undefined {
  if (config === false) return undefined;
  if (!(global instanceof Invalidation)) throw new Error("there is no store");
  const { store } = global;
  const settings: CacheSettings = config === true ? DEFAULTS : config;
  const { max_size, ttl = 0, stale_if_error, vary_by } = settings;
  const { placeholders, fingerprint } = behind();
  // A reload keeps what is stored, unless it would be stored in another way now.
  const kept = keep(
    `${JSON.stringify(settings)} ${fingerprint}`,
    () => ({
      shelf: new Shelf(store, max_size),
      flights: new Flights(),
      unshared: new Unshared(clock),
    }),
    ({ shelf }) => shelf.close(),
  );
  return new ResponseCache({
    ...kept,
    clock,
    idleTimeout,
    store,
    judge: share("judge", () => new Judge(clock)),
    places: new Places(vary_by.map(asPlaceholder), placeholders),
    maxEntry: maxEntryOf(settings),
    ttl,
    staleIfError: stale_if_error,
  });
}

/** A name alone is a field's. */
function asPlaceholder(written: ParsedText): ParsedText {
  const { text, parts } = written;
  if (parts.some((part) => typeof part !== "string")) return written;
  return { text, parts: [{ source: "header", name: text.toLowerCase(), offset: 0 }] };
}
