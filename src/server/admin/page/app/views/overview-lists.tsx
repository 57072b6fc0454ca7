import { Sparkline } from "../charts/sparkline.tsx";
import { countText, durationText, exactText, percentText } from "../data/format.ts";
import { addressOf } from "../data/place.ts";
import type { Overview, Stats } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { refreshOf, type Window, windowQuery } from "../data/window.ts";
import { Link } from "../parts/link.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Loading, Panel } from "../parts/words.tsx";

type Group = Stats["groups"][number];

const SHOWN = 8;

function useGroups(by: string, window: Window): readonly Group[] | undefined {
  const { value } = useData<Stats>(
    `stats?by=${by}&${windowQuery(window)}`,
    Math.max(refreshOf(window), 5000),
  );
  return value?.groups.filter(({ value: name }) => name !== "").slice(0, SHOWN);
}

/** Parameters that keep the window in another view. */
function windowParameters(window: Window) {
  if (window.kind === "span") return { since: window.span };
  const [since, until] = [window.from, window.to].map((at) => new Date(at).toISOString());
  return { since, until };
}

export function Busiest({ window }: { readonly window: Window }) {
  const groups = useGroups("route", window);
  const columns: readonly Column<Group>[] = [
    {
      key: "route",
      title: "Route",
      isHeader: true,
      cell: ({ value }) => (
        <Link
          class="name"
          to={addressOf("overview", { ...windowParameters(window), route: value })}
        >
          {value}
        </Link>
      ),
    },
    {
      key: "trend",
      title: <span class="visually-hidden">Trend</span>,
      from: "tablet",
      cell: ({ series }) => <Sparkline values={series} />,
    },
    {
      key: "requests",
      title: "Requests",
      isNumber: true,
      cell: ({ requests }) => countText(requests),
    },
    {
      key: "errors",
      title: "Errors",
      isNumber: true,
      cell: ({ error_rate: rate, value }) =>
        rate === 0 ? (
          <span class="quiet">0 %</span>
        ) : (
          <Link
            class={rate >= 0.05 ? "bad" : "warn"}
            to={addressOf("requests", { ...windowParameters(window), route: value, status: "5xx" })}
          >
            {percentText(rate)}
          </Link>
        ),
    },
    {
      key: "p50",
      title: "p50",
      isNumber: true,
      from: "tablet",
      cell: (row) => durationText(row.p50_ms),
    },
    { key: "p99", title: "p99", isNumber: true, cell: (row) => durationText(row.p99_ms) },
  ];
  return (
    <Panel title="Busiest routes" actions={<Link to={addressOf("routes")}>All routes</Link>}>
      {groups === undefined ? (
        <Loading />
      ) : groups.length === 0 ? (
        <p class="panel-empty">No route was used in this time.</p>
      ) : (
        <Table
          label="Busiest routes"
          columns={columns}
          rows={groups}
          keyOf={({ value }) => value}
        />
      )}
    </Panel>
  );
}

const TONES: Readonly<Record<string, string>> = {
  "2xx": "good",
  "3xx": "info",
  "4xx": "warn",
  "5xx": "bad",
};

/** How the answers divide into classes of statuses. */
export function Classes({
  classes,
  window,
}: {
  readonly classes: Overview["classes"] | undefined;
  readonly window: Window;
}) {
  const present = (classes ?? []).filter(({ requests }) => requests > 0);
  const all = present.reduce((sum, { requests }) => sum + requests, 0);
  return (
    <Panel title="Statuses">
      <div class="share-bar" aria-hidden="true">
        {present.map(({ class: name, requests }) => (
          <span key={name} class={TONES[name] ?? "quiet"} style={{ flexGrow: requests / all }} />
        ))}
      </div>
      <ul class="share-legend">
        {present.map(({ class: name, requests }) => (
          <li key={name}>
            <span class={`swatch ${TONES[name] ?? "quiet"}`} aria-hidden="true" />
            <Link to={addressOf("requests", { ...windowParameters(window), status: name })}>
              {name}
            </Link>
            <b>{percentText(requests / all)}</b>
            <span class="quiet" title={exactText(requests)}>
              {countText(requests)}
            </span>
          </li>
        ))}
        {present.length === 0 && <li class="quiet">No answers in this time.</li>}
      </ul>
    </Panel>
  );
}

export function Errors({ window }: { readonly window: Window }) {
  const groups = useGroups("error", window);
  return (
    <Panel title="Errors">
      {groups === undefined ? (
        <Loading lines={3} />
      ) : groups.length === 0 ? (
        <p class="panel-empty">The gateway refused and broke nothing off in this time.</p>
      ) : (
        <ul class="bars">
          {groups.map(({ value, requests }) => (
            <li key={value}>
              <Link to={addressOf("requests", { ...windowParameters(window), error: value })}>
                <code>{value}</code>
              </Link>
              <span
                class="bar-line"
                aria-hidden="true"
                style={{ width: `${(requests / (groups[0]?.requests ?? 1)) * 100}%` }}
              />
              <b>{countText(requests)}</b>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
