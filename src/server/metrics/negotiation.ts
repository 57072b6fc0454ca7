import type { MetricFormat } from "../../telemetry/metrics/text-format.ts";

interface Range {
  /** Like "text/plain", in lower case. */
  readonly type: string;
  readonly version: string | undefined;
  /** From 0 to 1. */
  readonly weight: number;
}

/** What each format is accepted by; the versions are those that it may be asked for with. */
const FORMATS = [
  { format: "text", type: "text/plain", versions: ["0.0.4"] },
  {
    format: "openmetrics",
    type: "application/openmetrics-text",
    versions: ["1.0.0", "0.0.1"],
  },
] as const;

/**
 * The format for a request's Accept field, null without one (RFC 9110 section 12.5.1). Of equals,
 * OpenMetrics only if it is named and the other one is not. Text if neither is accepted: it is what
 * people can read.
 */
export function formatFor(accepted: string | null): MetricFormat {
  const ranges = (accepted ?? "*/*").split(",").map(rangeOf);
  const [text, open] = FORMATS.map(({ type, versions }) => preference(ranges, type, versions));
  if (text === undefined || open === undefined) return "text";
  if (open.weight > text.weight) return "openmetrics";
  return open.weight === text.weight && open.weight > 0 && open.isNamed && !text.isNamed
    ? "openmetrics"
    : "text";
}

/** Whether the client takes gzip (RFC 9110 section 12.5.3). */
export function takesGzip(accepted: string | null): boolean {
  const ranges = (accepted ?? "").split(",").map(rangeOf);
  const named = ranges.find(({ type }) => type === "gzip" || type === "x-gzip");
  return ((named ?? ranges.find(({ type }) => type === "*"))?.weight ?? 0) > 0;
}

/** The most specific range decides. */
function preference(
  ranges: readonly Range[],
  type: string,
  versions: readonly string[],
): { weight: number; isNamed: boolean } {
  const named = ranges.filter(
    (range) =>
      range.type === type && (range.version === undefined || versions.includes(range.version)),
  );
  if (named.length > 0) {
    return { weight: Math.max(...named.map(({ weight }) => weight)), isNamed: true };
  }
  const wide = `${type.slice(0, type.indexOf("/"))}/*`;
  const range =
    ranges.find((other) => other.type === wide) ?? ranges.find((other) => other.type === "*/*");
  return { weight: range?.weight ?? 0, isNamed: false };
}

function rangeOf(element: string): Range {
  const [type = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase());
  const valueOf = (name: string) =>
    parameters
      .find((parameter) => parameter.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replace(/^"(.*)"$/, "$1");
  const weight = valueOf("q");
  return {
    type,
    version: valueOf("version"),
    weight: weight === undefined ? 1 : WEIGHT.test(weight) ? Number(weight) : 0,
  };
}

const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;
