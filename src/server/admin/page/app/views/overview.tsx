import { useMemo } from "preact/hooks";
import { liveSeries, joined, pastSeries } from "../charts/series.ts";
import { seconds } from "../data/live.ts";
import { addressOf, narrow, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { Overview } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { lengthOf, refreshOf, type Window, windowOf, windowQuery } from "../data/window.ts";
import { Icon } from "../parts/icons.tsx";
import { Link } from "../parts/link.tsx";
import { Spans } from "../parts/spans.tsx";
import { Problem } from "../parts/words.tsx";
import { useKeys } from "../shell/shortcuts.ts";
import { Attention } from "./overview-attention.tsx";
import { OverviewCharts } from "./overview-charts.tsx";
import { Busiest, Classes, Errors } from "./overview-lists.tsx";
import { NoTraffic } from "./no-traffic.tsx";
import { Tiles } from "./overview-tiles.tsx";

const USUAL = "5m";

export function OverviewView() {
  const { parameters } = useStore(place);
  const window = windowOf(parameters, USUAL);
  const { route, backend } = parameters;
  const only = new URLSearchParams({ ...(route && { route }), ...(backend && { backend }) });
  const past = useData<Overview>(
    `overview?${windowQuery(window)}${only.size > 0 ? `&${only.toString()}` : ""}`,
    refreshOf(window),
  );
  const told = useStore(seconds);
  const isLive = window.kind === "span" && window.span === USUAL && only.size === 0;

  const zoom = (from: number, to: number) => {
    // Less than two seconds have nothing to show.
    if (to - from < 2000) return;
    narrow({ since: new Date(from).toISOString(), until: new Date(to).toISOString() });
  };
  const zoomOut = () => {
    if (window.kind === "between") narrow({ since: undefined, until: undefined });
  };
  useKeys({ Escape: zoomOut });

  const { value, problem } = past;
  const series = useMemo(() => {
    if (!isLive && !isWithin(window, told[0]?.at)) return value && pastSeries(value);
    const now = liveSeries(told);
    return value === undefined ? now : joined(value, now);
  }, [value, isLive ? told : undefined, isLive, parameters["since"]]);
  const [from, to] = boundsOf(window, isLive, value, told.at(-1)?.at);

  const isQuiet =
    value !== undefined &&
    value.totals.requests === 0 &&
    !told.some(({ requests }) => requests > 0);
  return (
    <div class="view">
      <div class="toolbar">
        <Only name="route" value={route} />
        <Only name="backend" value={backend} />
        <Spans window={window} usual={USUAL} />
      </div>
      <Attention />
      {problem !== undefined && value === undefined && problem.status !== 0 && (
        <Problem problem={problem} retry={past.reload} />
      )}
      <Tiles window={window} totals={value?.totals} isLive={isLive} isOld={past.isOld} />
      {isQuiet && only.size === 0 && isLive ? (
        <NoTraffic />
      ) : (
        <>
          <OverviewCharts
            series={series}
            from={from}
            to={to}
            isOld={past.isOld && !isLive}
            zoom={zoom}
            zoomOut={zoomOut}
          />
          <div class="columns">
            <Busiest window={window} />
            <div class="stack">
              <Classes classes={value?.classes} window={window} />
              <Errors window={window} />
            </div>
          </div>
        </>
      )}
    </div>
  );
}

/** That only a part of the traffic is shown, and the way back to all of it. */
function Only({
  name,
  value,
}: {
  readonly name: "route" | "backend";
  readonly value: string | undefined;
}) {
  const { parameters } = place.value;
  if (value === undefined) return null;
  return (
    <span class="chip">
      <span class="chip-name">{name}</span> {value}
      <Link
        to={addressOf("overview", { ...parameters, [name]: undefined })}
        label={`Show every ${name}`}
      >
        <Icon name="close" />
      </Link>
    </span>
  );
}

/** Whether a window lies within the seconds that are known. */
function isWithin(window: Window, first: string | undefined): boolean {
  return window.kind === "between" && first !== undefined && window.from >= Date.parse(first);
}

function boundsOf(
  window: Window,
  isLive: boolean,
  value: Overview | undefined,
  lastSecond: string | undefined,
): [from: number, to: number] {
  if (window.kind === "between") return [window.from, window.to];
  const length = lengthOf(window);
  if (isLive && lastSecond !== undefined) {
    const to = Date.parse(lastSecond);
    return [to - length, to];
  }
  const to = value === undefined ? Date.now() : Date.parse(value.to);
  return [value === undefined ? to - length : Date.parse(value.from), to];
}
