import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";
import { counter, gauge, labelText, type Sample } from "../../telemetry/metrics/family.ts";
import { type MetricSource, sourceOf } from "../../telemetry/metrics/registry.ts";
import { cachesOf } from "../admin/cache.ts";

const caches = {
  entries: gauge("gateway_cache_entries", "Stored answers of a route's cache.", "route"),
  bytes: gauge("gateway_cache_bytes", "Memory that a route's stored answers take.", "route"),
  most: gauge(
    "gateway_cache_max_bytes",
    "Memory that a route's stored answers may take (`cache.max_size`).",
    "route",
  ),
  evicted: counter(
    "gateway_cache_evictions_total",
    "Stored answers that made room for others.",
    "route",
  ),
} as const;

const copies = counter(
  "gateway_mirror_copies_total",
  "Copies of a route's requests that were sent to another upstream (`mirror`), by what came of them.",
  "route",
  "upstream",
  "outcome",
);

const splitRequests = counter(
  "gateway_split_requests_total",
  "Requests of a route with a `split`, by the upstream that got them.",
  "route",
  "upstream",
);

const splitWeight = gauge(
  "gateway_split_weight",
  "The weight of an upstream in a route's `split`, as it is now.",
  "route",
  "upstream",
);

/** What only some routes have: caches, mirrors, splits. */
export function routeSources(snapshot: () => Snapshot): MetricSource[] {
  return [
    {
      families: Object.values(caches),
      collect() {
        const found = [...cachesOf(snapshot())];
        const series: Record<keyof typeof caches, Sample[]> = {
          entries: found.map(([id, { shelf }]) => of(caches.entries, [id], shelf.entries)),
          bytes: found.map(([id, { shelf }]) => of(caches.bytes, [id], shelf.bytes)),
          most: found.map(([id, { shelf }]) => of(caches.most, [id], shelf.size)),
          evicted: found.map(([id, { shelf }]) => of(caches.evicted, [id], shelf.counts.evicted)),
        };
        return Object.values(series);
      },
    },
    sourceOf(copies, function* () {
      for (const { id, mirrors } of snapshot().routes) {
        for (const { name, counts } of mirrors) {
          for (const [outcome, value] of Object.entries(counts)) {
            yield of(copies, [id, name, outcome], value);
          }
        }
      }
    }),
    sourceOf(splitRequests, () => perShare(snapshot, splitRequests, "requests")),
    sourceOf(splitWeight, () => perShare(snapshot, splitWeight, "weight")),
  ];
}

function* perShare(
  snapshot: () => Snapshot,
  family: typeof splitWeight,
  what: "requests" | "weight",
): Generator<Sample> {
  for (const { id, split } of snapshot().routes) {
    for (const share of split?.weights.shares ?? [])
      yield of(family, [id, share.name], share[what]);
  }
}

function of(family: typeof copies, values: readonly string[], value: number): Sample {
  return { labels: labelText(family, values), value };
}
