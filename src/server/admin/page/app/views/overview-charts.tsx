import { useMemo } from "preact/hooks";
import { Chart, type Line } from "../charts/chart.tsx";
import type { Series } from "../charts/series.ts";
import { durationText, percentText, rateText } from "../data/format.ts";

interface ChartsProps {
  readonly series: Series | undefined;
  readonly from: number;
  readonly to: number;
  readonly isOld: boolean;
  readonly zoom: (from: number, to: number) => void;
  readonly zoomOut: () => void;
}

const NONE: readonly never[] = [];

export function OverviewCharts({ series, from, to, isOld, zoom, zoomOut }: ChartsProps) {
  const lines = useMemo(() => linesOf(series), [series]);
  const times = series?.times ?? NONE;
  const shared = { times, from, to, onZoom: zoom, onZoomOut: zoomOut };
  return (
    <div class={isOld ? "charts is-old" : "charts"}>
      <div class="panel wide">
        <Chart
          {...shared}
          title="Requests per second"
          lines={lines.requests}
          toText={rateText}
          least={1}
          isTall
        />
      </div>
      <div class="panel">
        <Chart {...shared} title="Latency" lines={lines.latency} toText={durationText} least={1} />
      </div>
      <div class="panel">
        <Chart
          {...shared}
          title="Error rate"
          lines={lines.errorRate}
          toText={percentText}
          least={0.02}
        />
      </div>
    </div>
  );
}

function linesOf(
  series: Series | undefined,
): Readonly<Record<"requests" | "latency" | "errorRate", Line[]>> {
  const { rates = NONE, errors = NONE, errorRates = NONE } = series ?? {};
  const { p50 = NONE, p90 = NONE, p99 = NONE } = series ?? {};
  return {
    requests: [
      { label: "all", tone: "series-1", values: rates, isFilled: true },
      { label: "errors", tone: "series-bad", values: errors, isFilled: true },
    ],
    latency: [
      { label: "p99", tone: "series-3", values: p99 },
      { label: "p90", tone: "series-2", values: p90 },
      { label: "p50", tone: "series-1", values: p50 },
    ],
    errorRate: [{ label: "errors", tone: "series-bad", values: errorRates, isFilled: true }],
  };
}
