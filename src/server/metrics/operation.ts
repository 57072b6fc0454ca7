import type { Snapshot } from "../../runtime/snapshot/snapshot.ts";
import { counter, gauge, labelText, type Sample } from "../../telemetry/metrics/family.ts";
import { type MetricSource, single, sourceOf } from "../../telemetry/metrics/registry.ts";
import type { RenewalCounts } from "../acme/renewals.ts";
import type { KnownCertificate } from "../listener/tls/certificate-store.ts";
import type { ReloadCounts } from "../reload-counts.ts";

export interface OperationSubject {
  readonly snapshot: () => Snapshot;
  readonly reloads: ReloadCounts;
  readonly certificates: () => readonly KnownCertificate[];
  readonly renewals: RenewalCounts;
}

const storeCalls = counter(
  "gateway_store_calls_total",
  "Calls of the shared store: answered, failed (late ones too), or not made because it was away.",
  "outcome",
);
const storeUp = gauge("gateway_store_up", "Whether the shared store is asked, and not away.");
const reloaded = counter(
  "gateway_reloads_total",
  "Reloads of the configuration, by what came of them.",
  "outcome",
);
const expiry = gauge(
  "gateway_certificate_expiry_timestamp_seconds",
  "When a certificate of the TLS port expires, in Unix time, by its first name.",
  "name",
  "source",
);
const renewed = counter(
  "gateway_acme_renewals_total",
  "Attempts to get a certificate from the issuer, by what came of them.",
  "outcome",
);

/** What operators watch besides traffic: the store, reloads, certificates. */
export function operationSources(subject: OperationSubject): MetricSource[] {
  const { snapshot, reloads, renewals } = subject;
  return [
    sourceOf(storeUp, () => {
      const { store } = snapshot();
      return store === undefined ? [] : [{ labels: "", value: Number(!store.isAway) }];
    }),
    sourceOf(storeCalls, () => perOutcome(storeCalls, snapshot().store?.counts ?? {})),
    sourceOf(reloaded, () => {
      const { succeeded, failed } = reloads;
      return perOutcome(reloaded, { succeeded, failed });
    }),
    single(
      gauge(
        "gateway_last_reload_successful",
        "Whether the latest reload succeeded; 1 before the first one.",
      ),
      () => Number(reloads.isLatestGood),
    ),
    single(
      gauge(
        "gateway_configuration_in_force_timestamp_seconds",
        "Since when the configuration is in force, in Unix time.",
      ),
      () => reloads.changedAt / 1000,
    ),
    sourceOf(expiry, () => certificateSamples(subject.certificates())),
    sourceOf(renewed, () => perOutcome(renewed, { ...renewals })),
  ];
}

function perOutcome(family: typeof storeCalls, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([outcome, value]) => ({
    labels: labelText(family, [outcome]),
    value,
  }));
}

/** Of certificates with one first name, the one that expires first: it is the one to see to. */
function certificateSamples(certificates: readonly KnownCertificate[]): Iterable<Sample> {
  const soonest = new Map<string, Sample>();
  for (const { names, source, notAfter } of certificates) {
    const labels = labelText(expiry, [names[0] ?? "", source]);
    const value = notAfter / 1000;
    const known = soonest.get(labels)?.value;
    if (typeof known !== "number" || value < known) soonest.set(labels, { labels, value });
  }
  return soonest.values();
}
