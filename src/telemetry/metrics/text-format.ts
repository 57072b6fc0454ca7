import type { Exemplar } from "./exemplar.ts";
import type { Family, Sample } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { type MetricRegistry, seriesOf } from "./registry.ts";

/** Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export type MetricFormat = "text" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<MetricFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Characters of a piece. */
const PIECE = 16_384;
/** Units that OpenMetrics is to be told of, by the ends of names. */
const UNITS = ["seconds", "bytes"];

/**
 * All series as text, in pieces: between two of them other work can be done. A piece without text is a
 * pause of a source that takes long. Each series is read at once, so a histogram is always consistent.
 */
export function* render(registry: MetricRegistry, format: MetricFormat): Generator<string> {
  let piece = "";
  for (const source of registry.sources) {
    const series = yield* seriesOf(source);
    for (const [at, family] of source.families.entries()) {
      let hasSeries = false;
      for (const sample of series[at] ?? []) {
        if (!hasSeries) piece += headOf(family, format);
        hasSeries = true;
        piece += linesOf(family, sample, format);
        if (piece.length < PIECE) continue;
        yield piece;
        piece = "";
      }
    }
  }
  yield format === "openmetrics" ? `${piece}# EOF\n` : piece;
}

function headOf(family: Family, format: MetricFormat): string {
  const { kind, help } = family;
  const text = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  if (format === "text") {
    const type = kind === "info" ? "gauge" : kind;
    return `# HELP ${family.name} ${text}\n# TYPE ${family.name} ${type}\n`;
  }
  const name = family.name.replace(/_(?:total|info)$/, "");
  const unit = UNITS.find((word) => name.endsWith(`_${word}`));
  const unitLine = unit === undefined ? "" : `# UNIT ${name} ${unit}\n`;
  return `# HELP ${name} ${text}\n# TYPE ${name} ${kind}\n${unitLine}`;
}

function linesOf(
  { name }: Family,
  { labels, value, exemplar }: Sample,
  format: MetricFormat,
): string {
  if (value instanceof Histogram) return histogramLines(name, labels, value, format);
  const shown = labels === "" ? name : `${name}{${labels}}`;
  return `${shown} ${numberText(value)}${exemplarText(exemplar, format)}\n`;
}

function histogramLines(
  name: string,
  labels: string,
  { bounds, counts, sum, exemplars }: Histogram,
  format: MetricFormat,
): string {
  const start = labels === "" ? `${name}_bucket{le="` : `${name}_bucket{${labels},le="`;
  let lines = "";
  let count = 0;
  for (let at = 0; at <= bounds.length; at += 1) {
    count += counts[at] ?? 0;
    const bound = bounds[at];
    const le = bound === undefined ? "+Inf" : boundText(bound, format);
    lines += `${start}${le}"} ${count}${exemplarText(exemplars?.[at], format)}\n`;
  }
  const end = labels === "" ? "" : `{${labels}}`;
  return `${lines}${name}_sum${end} ${numberText(sum)}\n${name}_count${end} ${count}\n`;
}

/** OpenMetrics wants canonical numbers: a bound of 1 is "1.0". */
function boundText(bound: number, format: MetricFormat): string {
  return format === "openmetrics" && Number.isInteger(bound) ? `${bound}.0` : `${bound}`;
}

function exemplarText(exemplar: Exemplar | undefined, format: MetricFormat): string {
  if (exemplar === undefined || format === "text") return "";
  const { traceId, value, at } = exemplar;
  return ` # {trace_id="${traceId}"} ${numberText(value)} ${at.toFixed(3)}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}
