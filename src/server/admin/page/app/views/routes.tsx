import { addressOf, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { Routes } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { refreshOf, windowOf, windowQuery } from "../data/window.ts";
import { ErrorRate } from "../parts/error-rate.tsx";
import { Link } from "../parts/link.tsx";
import { Spans } from "../parts/spans.tsx";
import { p50Column, p99Column, requestsColumn } from "../parts/sums-columns.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago, Badge, Empty, Loading, Panel, Problem } from "../parts/words.tsx";
import { Splits } from "./splits.tsx";

type Route = Routes["routes"][number];

const USUAL = "1h";

export function RoutesView() {
  const { parameters } = useStore(place);
  const window = windowOf(parameters, USUAL);
  const { value, problem, isOld, reload } = useData<Routes>(
    `routes?${windowQuery(window)}`,
    refreshOf(window),
  );
  const dead = value?.routes.filter((route) => route.dead).length ?? 0;
  return (
    <div class="view">
      <div class="toolbar">
        <Spans window={window} usual={USUAL} />
      </div>
      {problem !== undefined && value === undefined && <Problem problem={problem} retry={reload} />}
      <Panel
        title={value === undefined ? "Routes" : `Routes (${value.routes.length})`}
        note={dead > 0 ? `${dead} never used` : undefined}
        class={isOld ? "is-old" : ""}
      >
        {value === undefined ? (
          <Loading />
        ) : value.routes.length === 0 ? (
          <Empty icon="routes" title="The configuration has no routes" />
        ) : (
          <Table
            label="Routes"
            columns={COLUMNS}
            rows={value.routes}
            keyOf={({ id }) => id}
            sortParameter="sort"
          />
        )}
      </Panel>
      <Splits />
    </div>
  );
}

const COLUMNS: readonly Column<Route>[] = [
  {
    key: "route",
    title: "Route",
    isHeader: true,
    by: ({ path }) => path,
    cell: ({ id, path, hosts, methods, ends_in: end, upstreams }) => (
      <>
        <Link class="name mono" to={addressOf("overview", { route: id })}>
          {path}
        </Link>
        {methods.map((method) => (
          <span key={method} class="tag">
            {method}
          </span>
        ))}
        <span class="sub">
          {[
            id !== path && id,
            hosts.length > 0 && `at ${hosts.join(", ")}`,
            upstreams.length > 0
              ? `to ${upstreams.join(", ").replace(/^of route .*/, "backends of its own")}`
              : end,
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
      </>
    ),
  },
  {
    key: "policies",
    title: "Policies",
    from: "desktop",
    cell: ({ policies }) => (
      <span class="tags">
        {policies.map(({ name, line }, index) => (
          <Link
            // A policy may be there more than once.
            // oxlint-disable-next-line react/no-array-index-key
            key={index}
            class="tag"
            title={line === null ? name : `line ${line}`}
            to={addressOf("configuration", { line: line === null ? undefined : String(line) })}
          >
            {name}
          </Link>
        ))}
      </span>
    ),
  },
  requestsColumn,
  {
    key: "errors",
    title: "Errors",
    isNumber: true,
    by: ({ error_rate: rate }) => rate,
    cell: (route) => <ErrorRate rate={route.error_rate} of={{ route: route.id }} />,
  },
  { ...p50Column, from: "tablet" },
  p99Column,
  {
    key: "used",
    title: "Last used",
    from: "tablet",
    by: ({ last_used_at: at }) => at ?? "",
    cell: ({ dead, last_used_at: at }) =>
      dead ? <Badge tone="quiet">never used</Badge> : <Ago at={at} />,
  },
  {
    key: "line",
    title: "Line",
    isNumber: true,
    from: "desktop",
    by: ({ line }) => line ?? 0,
    cell: ({ line }) =>
      line === null ? (
        ""
      ) : (
        <Link to={addressOf("configuration", { line: String(line) })}>{line}</Link>
      ),
  },
];
