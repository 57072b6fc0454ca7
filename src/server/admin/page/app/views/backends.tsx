import { conditionOf } from "../data/backend-state.ts";
import { post } from "../data/api.ts";
import { countText, counted, percentText } from "../data/format.ts";
import { addressOf, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { Backends } from "../data/types.ts";
import { useBackends } from "../data/use-backends.ts";
import { windowOf, windowQuery } from "../data/window.ts";
import { ErrorRate } from "../parts/error-rate.tsx";
import { Link } from "../parts/link.tsx";
import { Spans } from "../parts/spans.tsx";
import { p50Column, p99Column, requestsColumn } from "../parts/sums-columns.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Ago, Empty, Loading, Panel, Problem, State } from "../parts/words.tsx";
import { confirmed } from "../shell/dialog.tsx";
import { doAndSay } from "../shell/toast.tsx";

type Backend = Backends["backends"][number];

const USUAL = "1h";
const REFRESH = 5000;

export function BackendsView() {
  const { parameters } = useStore(place);
  const window = windowOf(parameters, USUAL);
  const { value, problem, isOld, reload } = useBackends(windowQuery(window), REFRESH);
  const groups = Map.groupBy(value?.backends ?? [], ({ route }) => route);
  return (
    <div class="view">
      <div class="toolbar">
        <Spans window={window} usual={USUAL} />
      </div>
      {problem !== undefined && value === undefined && <Problem problem={problem} retry={reload} />}
      {value === undefined && problem === undefined && (
        <Panel title="Backends">
          <Loading />
        </Panel>
      )}
      {value !== undefined && groups.size === 0 && (
        <div class="panel">
          <Empty icon="backends" title="No route has backends" />
        </div>
      )}
      {[...groups].map(([route, backends]) => (
        <Panel
          key={route}
          title={route}
          note={summary(backends)}
          class={isOld ? "is-old" : ""}
          actions={<Link to={addressOf("requests", { route })}>Requests</Link>}
        >
          <Table
            label={`Backends of ${route}`}
            columns={columns(reload, new Set(backends.map(({ upstream }) => upstream)).size > 1)}
            rows={backends}
            keyOf={({ upstream, url }) => `${upstream} ${url}`}
            sortParameter="sort"
          />
        </Panel>
      ))}
    </div>
  );
}

function summary(backends: readonly Backend[]): string {
  const up = backends.filter((backend) => conditionOf(backend).tone === "good").length;
  return up === backends.length ? `${counted(up, "backend")} up` : `${up} of ${backends.length} up`;
}

function columns(reload: () => void, hasUpstreams: boolean): readonly Column<Backend>[] {
  return [
    {
      key: "url",
      title: "Backend",
      isHeader: true,
      by: ({ url }) => url,
      cell: ({ route, url, upstream }) => (
        <>
          <Link class="name mono" to={addressOf("overview", { route, backend: url })}>
            {url}
          </Link>
          {hasUpstreams && upstream !== "" && <span class="tag">{upstream}</span>}
        </>
      ),
    },
    {
      key: "state",
      width: "14%",
      title: "State",
      by: (backend) => conditionOf(backend).word,
      cell: (backend) => {
        const { tone, word, detail } = conditionOf(backend);
        return (
          <>
            <State tone={tone}>{word}</State>
            {detail !== "" && <span class="sub">{detail}</span>}
          </>
        );
      },
    },
    {
      key: "share",
      width: "13%",
      title: "Share",
      from: "tablet",
      by: ({ share }) => share,
      isNumber: true,
      cell: ({ share, weight }) => (
        <span class="share" title={`weight ${weight}`}>
          <span class="meter" aria-hidden="true">
            <span style={{ width: `${share * 100}%` }} />
          </span>
          <span>{percentText(share)}</span>
        </span>
      ),
    },
    {
      key: "flight",
      width: "7%",
      title: "In flight",
      isNumber: true,
      from: "tablet",
      by: (backend) => backend.in_flight,
      cell: (backend) => countText(backend.in_flight),
    },
    { ...requestsColumn, width: "8%", from: "tablet" },
    {
      key: "errors",
      width: "7%",
      title: "Errors",
      isNumber: true,
      from: "tablet",
      by: ({ error_rate: rate }) => rate,
      cell: ({ route, url, error_rate: rate }) => (
        <ErrorRate rate={rate} of={{ route, backend: url }} />
      ),
    },
    { ...p50Column, width: "8%", from: "wide" },
    { ...p99Column, width: "8%" },
    {
      key: "used",
      width: "9%",
      title: "Last used",
      from: "desktop",
      by: ({ last_used_at: at }) => at ?? "",
      cell: ({ last_used_at: at }) => <Ago at={at} />,
    },
    {
      key: "drain",
      width: "88px",
      title: <span class="visually-hidden">Drain</span>,
      isNumber: true,
      cell: (backend) => (
        <button
          type="button"
          class="button small"
          aria-label={`${backend.drained ? "Undrain" : "Drain"} ${backend.url}`}
          onClick={() => void drain(backend, reload)}
        >
          {backend.drained ? "Undrain" : "Drain"}
        </button>
      ),
    },
  ];
}

async function drain({ url, upstream, route, drained }: Backend, reload: () => void) {
  const isMeant =
    drained ||
    (await confirmed({
      title: "Drain this backend?",
      text: `${url} gets no new requests until it is undrained. Those in flight are finished.`,
      yes: "Drain",
    }));
  if (!isMeant) return;
  const of = upstream === "" || upstream === route ? { route } : { upstream };
  const isDone = await doAndSay(async () => {
    await post(`backends/${drained ? "undrain" : "drain"}`, { url, ...of });
    return drained ? `${url} gets requests again.` : `${url} is being drained.`;
  });
  if (isDone) reload();
}
