import type { Exemplar } from "./exemplar.ts";
import type { Histogram } from "./histogram.ts";

/** `info`: a gauge of 1 whose labels are what it says. */
export type FamilyKind = "counter" | "gauge" | "histogram" | "info";

/** What all series of one name have in common. */
export interface Family {
  /** As in Prometheus' text format: a counter's ends in `_total`, an info's in `_info`. */
  readonly name: string;
  readonly kind: FamilyKind;
  /** One line, ending in a full stop. */
  readonly help: string;
  readonly labels: readonly string[];
}

/** One series at the time of a scrape. */
export interface Sample {
  /** As `labelText` writes them. */
  readonly labels: string;
  readonly value: number | Histogram;
  /** Of a counter; histograms have their own. */
  readonly exemplar?: Exemplar | undefined;
}

export function counter(name: string, help: string, ...labels: string[]): Family {
  return { name, kind: "counter", help, labels };
}

export function gauge(name: string, help: string, ...labels: string[]): Family {
  return { name, kind: "gauge", help, labels };
}

export function histogram(name: string, help: string, ...labels: string[]): Family {
  return { name, kind: "histogram", help, labels };
}

export function info(name: string, help: string, ...labels: string[]): Family {
  return { name, kind: "info", help, labels };
}

/**
 * The labels of a series, without the braces: `route="/api/*",method="GET"`. Values are texts of the
 * configuration and of the gateway, escaped as both formats require.
 */
export function labelText({ labels }: Family, values: readonly (string | number)[]): string {
  return labels.map((label, at) => `${label}="${escaped(`${values[at] ?? ""}`)}"`).join(",");
}

function escaped(value: string): string {
  if (!SPECIAL.test(value)) return value.isWellFormed() ? value : value.toWellFormed();
  return value
    .toWellFormed()
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}

const SPECIAL = /["\\\n]/;
