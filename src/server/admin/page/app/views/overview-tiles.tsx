import {
  countText,
  bytesText,
  durationText,
  NOTHING,
  percentText,
  rateText,
} from "../data/format.ts";
import { seconds } from "../data/live.ts";
import { useStore } from "../data/store.ts";
import type { Overview } from "../data/types.ts";
import { lengthOf, type Window } from "../data/window.ts";

interface TilesProps {
  readonly window: Window;
  readonly totals: Overview["totals"] | undefined;
  readonly isLive: boolean;
  readonly isOld: boolean;
}

/** Seconds over which the present rate is taken. */
const NOW = 5;

/** The few numbers that say how it goes. */
export function Tiles({ window, totals, isLive, isOld }: TilesProps) {
  const told = useStore(seconds);
  const last = told.at(-1);
  const recent = told.slice(-NOW);
  const span = isLive && last !== undefined ? recent.reduce((sum, one) => sum + one.seconds, 0) : 0;
  const average = totals === undefined ? undefined : totals.requests / (lengthOf(window) / 1000);
  const rate = span > 0 ? recent.reduce((sum, { requests }) => sum + requests, 0) / span : average;
  const within = window.kind === "span" ? `last ${window.span}` : "in this range";
  const errors = totals?.error_rate ?? 0;
  return (
    <dl class={isOld ? "tiles is-old" : "tiles"}>
      <Tile
        label="Requests"
        value={rate === undefined ? NOTHING : rateText(rate)}
        unit="/s"
        note={totals === undefined ? "" : `${countText(totals.requests)} ${within}`}
      />
      <Tile
        label="Error rate"
        value={totals === undefined ? NOTHING : percentText(errors).replace(" %", "")}
        unit="%"
        tone={errors >= 0.05 ? "bad" : errors >= 0.01 ? "warn" : ""}
        note={totals === undefined ? "" : `${countText(totals.errors)} errors`}
      />
      <Latency label="p50" value={totals?.p50_ms} note="half are faster" />
      <Latency label="p90" value={totals?.p90_ms} note="9 of 10 are faster" />
      <Latency label="p99" value={totals?.p99_ms} note="99 of 100 are faster" />
      {isLive ? (
        <Tile
          label="In flight"
          value={last === undefined ? NOTHING : countText(last.in_flight)}
          note={last === undefined ? "" : `${bytesText(last.bytes_out)}/s out`}
        />
      ) : (
        <Tile
          label="Sent"
          value={totals === undefined ? NOTHING : (bytesText(totals.bytes_out).split(" ")[0] ?? "")}
          unit={totals === undefined ? "" : (bytesText(totals.bytes_out).split(" ")[1] ?? "")}
          note={totals === undefined ? "" : `${bytesText(totals.bytes_in)} received`}
        />
      )}
    </dl>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly note: string;
  readonly tone?: string;
}

function Latency({
  label,
  value,
  note,
}: {
  readonly label: string;
  readonly value: number | null | undefined;
  readonly note: string;
}) {
  const [number = NOTHING, unit = ""] = durationText(value).split(" ");
  return <Tile label={label} value={number} unit={unit} note={note} />;
}

function Tile({ label, value, unit = "", note, tone = "" }: TileProps) {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        <span class={`tile-value ${tone}`}>
          {value}
          <span class="unit">{unit}</span>
        </span>
        <span class="tile-note">{note}</span>
      </dd>
    </div>
  );
}
