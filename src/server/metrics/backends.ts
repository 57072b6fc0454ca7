import { withoutUserInfo } from "../../http/user-info.ts";
import type { CompiledRoute, Snapshot } from "../../runtime/snapshot/snapshot.ts";
import {
  counter,
  type Family,
  gauge,
  labelText,
  type Sample,
} from "../../telemetry/metrics/family.ts";
import type { MetricSource } from "../../telemetry/metrics/registry.ts";
import type { Steps } from "../../time/slices.ts";
import type { Backend } from "../../upstream/backend.ts";
import type { BreakerState } from "../../upstream/breaker/breaker.ts";
import type { Upstream } from "../../upstream/upstream.ts";

const LABELS = ["upstream", "backend"];
const families = {
  healthy: gauge(
    "gateway_backend_healthy",
    "Whether a backend is healthy, by its checks.",
    ...LABELS,
  ),
  ejected: gauge(
    "gateway_backend_ejected",
    "Whether a backend gets no requests because requests failed there (`ejection`).",
    ...LABELS,
  ),
  drained: gauge(
    "gateway_backend_drained",
    "Whether an operator keeps requests from a backend (`drain`).",
    ...LABELS,
  ),
  ejections: counter("gateway_backend_ejections_total", "How often it was ejected.", ...LABELS),
  breaker: gauge(
    "gateway_backend_circuit_breaker_state",
    "1 for the state of a backend's circuit breaker, 0 for the others.",
    ...LABELS,
    "state",
  ),
  breakerChanges: counter(
    "gateway_backend_circuit_breaker_changes_total",
    "How often a backend's circuit breaker came into a state.",
    ...LABELS,
    "state",
  ),
  inFlight: gauge(
    "gateway_backend_requests_in_flight",
    "Requests at a backend that have not been answered yet.",
    ...LABELS,
  ),
  weight: gauge(
    "gateway_backend_weight",
    "A backend's share of the requests, relative to the upstream's others; less in a slow start.",
    ...LABELS,
  ),
  checks: counter(
    "gateway_health_checks_total",
    "Health checks of a backend that have ended.",
    ...LABELS,
    "outcome",
  ),
  waiting: gauge(
    "gateway_upstream_requests_waiting",
    "Requests that wait for a place at a backend (`max_waiting`).",
    "upstream",
  ),
  budgetExhausted: counter(
    "gateway_upstream_retry_budget_exhausted_total",
    "Retries and hedges that were not made, because the upstream's budget was used up.",
    "upstream",
  ),
} as const;

const STATES: readonly BreakerState[] = ["closed", "open", "half_open"];

interface NamedBackend {
  readonly labels: readonly [upstream: string, backend: string];
  readonly backend: Backend;
}

/** The upstreams of the snapshot and their backends, as they are when they are asked for. */
export function backendSource(snapshot: () => Snapshot): MetricSource {
  return {
    families: Object.values(families),
    *collect(): Steps<readonly Iterable<Sample>[]> {
      const upstreams = yield* upstreamsOf(snapshot().routes);
      const backends = yield* backendsOf(upstreams);
      const each = (family: Family, value: (backend: Backend) => number | undefined) =>
        samples(family, backends, value);
      const series: Record<keyof typeof families, Iterable<Sample>> = {
        healthy: each(families.healthy, ({ health }) => Number(health.healthy)),
        ejected: each(families.ejected, ({ ejection }) => ejection && Number(ejection.isEjected)),
        drained: each(families.drained, ({ drain }) => Number(drain.isOn)),
        ejections: each(families.ejections, ({ ejection }) => ejection?.count),
        breaker: byState(families.breaker, backends, ({ breaker }, state) =>
          breaker === undefined ? undefined : Number(breaker.state === state),
        ),
        breakerChanges: byState(
          families.breakerChanges,
          backends,
          ({ breaker }, state) => breaker?.changes[state],
        ),
        inFlight: each(families.inFlight, ({ inFlight }) => inFlight),
        weight: each(families.weight, ({ currentWeight }) => currentWeight),
        checks: checks(backends),
        waiting: perUpstream(families.waiting, upstreams, ({ waiting }) => waiting),
        budgetExhausted: perUpstream(
          families.budgetExhausted,
          upstreams,
          ({ retryBudget }) => retryBudget?.exhausted,
        ),
      };
      return Object.values(series);
    },
  };
}

/** By name; one without a name has that of its route. */
export function* upstreamsOf(routes: readonly CompiledRoute[]): Steps<Map<string, Upstream>> {
  const upstreams = new Map<string, Upstream>();
  for (const { id, upstreamName, upstreams: own, split, mirrors } of routes) {
    for (const [at, upstream] of own.entries()) {
      const name = split?.weights.shares[at]?.name ?? upstreamName;
      upstreams.set(name === "" ? id : name, upstream);
    }
    for (const { name, upstream } of mirrors) upstreams.set(name, upstream);
    yield undefined;
  }
  return upstreams;
}

/** A list may have one URL twice. */
function* backendsOf(upstreams: ReadonlyMap<string, Upstream>): Steps<NamedBackend[]> {
  const found: NamedBackend[] = [];
  for (const [name, { backends }] of upstreams) {
    const urls = new Set<string>();
    for (const backend of backends) {
      const url = withoutUserInfo(backend.url);
      if (urls.has(url)) continue;
      urls.add(url);
      found.push({ labels: [name, url], backend });
    }
    yield undefined;
  }
  return found;
}

function* samples(
  family: Family,
  backends: readonly NamedBackend[],
  valueOf: (backend: Backend) => number | undefined,
): Generator<Sample> {
  for (const { labels, backend } of backends) {
    const value = valueOf(backend);
    if (value !== undefined) yield { labels: labelText(family, labels), value };
  }
}

function* byState(
  family: Family,
  backends: readonly NamedBackend[],
  valueOf: (backend: Backend, state: BreakerState) => number | undefined,
): Generator<Sample> {
  for (const { labels, backend } of backends) {
    for (const state of STATES) {
      const value = valueOf(backend, state);
      if (value !== undefined) yield { labels: labelText(family, [...labels, state]), value };
    }
  }
}

function* checks(backends: readonly NamedBackend[]): Generator<Sample> {
  for (const { labels, backend } of backends) {
    const counts = backend.health.checks;
    if (counts === undefined) continue;
    for (const [outcome, value] of Object.entries(counts)) {
      yield { labels: labelText(families.checks, [...labels, outcome]), value };
    }
  }
}

function* perUpstream(
  family: Family,
  upstreams: ReadonlyMap<string, Upstream>,
  valueOf: (upstream: Upstream) => number | undefined,
): Generator<Sample> {
  for (const [name, upstream] of upstreams) {
    const value = valueOf(upstream);
    if (value !== undefined) yield { labels: labelText(family, [name]), value };
  }
}
