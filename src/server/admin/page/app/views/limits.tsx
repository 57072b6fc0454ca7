import { countText, exactText, percentText } from "../data/format.ts";
import { addressOf, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { Limits, Refusals } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { refreshOf, windowOf, windowQuery } from "../data/window.ts";
import { Link } from "../parts/link.tsx";
import { Spans } from "../parts/spans.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago, Empty, Loading, Panel, Problem } from "../parts/words.tsx";

type Limit = Limits["limits"][number];
type Refusal = Refusals["refusals"][number];

const USUAL = "1h";
const REFRESH = 5000;

export function LimitsView() {
  const { parameters } = useStore(place);
  const window = windowOf(parameters, USUAL);
  const limits = useData<Limits>("limits", REFRESH);
  const refusals = useData<Refusals>(`refusals?${windowQuery(window)}`, refreshOf(window));
  return (
    <div class="view">
      <div class="toolbar">
        <Spans window={window} usual={USUAL} />
      </div>
      <Panel title="Nearest to exhaustion" note="Rate limits and quotas, as they are now.">
        {limits.value === undefined ? (
          limits.problem === undefined ? (
            <Loading />
          ) : (
            <Problem problem={limits.problem} retry={limits.reload} />
          )
        ) : limits.value.limits.length === 0 ? (
          <Empty icon="limits" title="No limit is being used">
            <p>Limits show up here once somebody has used some of them.</p>
          </Empty>
        ) : (
          <Table
            label="Limits, nearest to exhaustion first"
            columns={LIMITS}
            rows={limits.value.limits}
            keyOf={({ route, policy, key, limit }) => `${route} ${policy} ${key} ${limit}`}
            sortParameter="sort"
          />
        )}
      </Panel>
      <Panel
        title="Who was refused"
        note="And by what."
        class={refusals.isOld ? "is-old" : ""}
        actions={<Link to={addressOf("requests", { refused_by: "any" })}>Requests</Link>}
      >
        {refusals.value === undefined ? (
          refusals.problem === undefined ? (
            <Loading />
          ) : (
            <Problem problem={refusals.problem} retry={refusals.reload} />
          )
        ) : refusals.value.refusals.length === 0 ? (
          <Empty icon="check" title="Nobody was refused in this time" />
        ) : (
          <Table
            label="Who was refused"
            columns={REFUSALS}
            rows={refusals.value.refusals}
            keyOf={(row) =>
              `${row.refused_by} ${row.error_code} ${row.client} ${row.subject} ${row.route}`
            }
            sortParameter="refused"
          />
        )}
      </Panel>
    </div>
  );
}

const LIMITS: readonly Column<Limit>[] = [
  {
    key: "key",
    title: "Who",
    isHeader: true,
    by: ({ key }) => key,
    cell: ({ key }) => (key === "" ? "everybody together" : key),
  },
  { key: "policy", title: "Limit", by: ({ policy }) => policy, cell: ({ policy }) => policy },
  {
    key: "route",
    title: "Route",
    from: "tablet",
    by: ({ route }) => route,
    cell: ({ route }) => <span class="mono">{route === "" ? "all" : route}</span>,
  },
  {
    key: "left",
    title: "Used",
    isNumber: true,
    by: ({ left_ratio: left }) => -left,
    cell: ({ used, limit, left_ratio: left }) => (
      <span class="share" title={`${exactText(used)} of ${exactText(limit)}`}>
        <span class={`meter ${left < 0.1 ? "bad" : left < 0.25 ? "warn" : ""}`} aria-hidden="true">
          <span style={{ width: `${Math.min(1, Math.max(0, 1 - left)) * 100}%` }} />
        </span>
        <span>{percentText(Math.min(1, Math.max(0, 1 - left)))}</span>
      </span>
    ),
  },
  {
    key: "of",
    title: "Of",
    isNumber: true,
    from: "tablet",
    by: ({ limit }) => limit,
    cell: ({ used, limit }) => `${countText(used)} / ${countText(limit)}`,
  },
  {
    key: "resets",
    title: "Full again",
    from: "tablet",
    by: ({ resets_at: at }) => at ?? "",
    cell: ({ resets_at: at }) => (at === null ? "" : <Ago at={at} />),
  },
];

const REFUSALS: readonly Column<Refusal>[] = [
  {
    key: "who",
    title: "Who",
    isHeader: true,
    by: ({ subject, client }) => subject || client,
    cell: ({ subject, client }) => (
      <Link class="name" to={addressOf("requests", subject === "" ? { client } : { subject })}>
        {subject === "" ? client : subject}
        {subject !== "" && <span class="sub">{client}</span>}
      </Link>
    ),
  },
  {
    key: "by",
    title: "By",
    by: (row) => row.refused_by,
    cell: (row) => (
      <Link class="name" to={addressOf("requests", { refused_by: row.refused_by })}>
        {row.refused_by}
      </Link>
    ),
  },
  {
    key: "why",
    title: "Why",
    by: (row) => row.error_code,
    cell: (row) => <code>{row.error_code}</code>,
  },
  {
    key: "route",
    title: "Route",
    from: "tablet",
    by: ({ route }) => route,
    cell: ({ route }) => <span class="mono">{route}</span>,
  },
  {
    key: "requests",
    title: "Requests",
    isNumber: true,
    by: ({ requests }) => requests,
    cell: ({ requests }) => countText(requests),
  },
  {
    key: "last",
    title: "Last",
    from: "tablet",
    by: (row) => row.last_at,
    cell: (row) => <Ago at={row.last_at} />,
  },
];
