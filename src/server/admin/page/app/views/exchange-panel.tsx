import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type FilterName } from "../data/filters.ts";
import { bytesText, durationText, exactTimeText } from "../data/format.ts";
import { addressOf } from "../data/place.ts";
import type { ExchangeDetail, ExchangePage, FullRow, KeptFields } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { Icon } from "../parts/icons.tsx";
import { Link } from "../parts/link.tsx";
import { Copy, Empty, Loading, Problem, Status } from "../parts/words.tsx";
import { Content } from "./content.tsx";
import { Decided } from "./exchange-decisions.tsx";
import { Explain } from "./exchange-explain.tsx";
import { Replay } from "./exchange-replay.tsx";
import { Part } from "./part.tsx";
import { Waterfall } from "./waterfall.tsx";

interface PanelProps {
  /** The row's id, or the request's. */
  readonly id: string;
  readonly onClose: () => void;
  readonly step: (by: number) => void;
}

/** A row is in the file a moment after its request is shown. */
const WRITTEN_AFTER = 300;
const MOST_TRIES = 20;

/** Everything of one request. */
export function ExchangePanel({ id, onClose, step }: PanelProps) {
  // A request that has just been shown has no id yet, and none can be asked for before it has one.
  const isRowId = /^[0-9]+$/.test(id);
  const found = useData<ExchangePage>(
    isRowId ? undefined : `exchanges?request_id=${encodeURIComponent(id)}&limit=1`,
  );
  const foundId = found.isOld ? undefined : found.value?.rows[0]?.id;
  const rowId = isRowId ? id : foundId;
  const detail = useData<ExchangeDetail>(rowId === undefined ? undefined : `exchanges/${rowId}`);
  const { value, isOld, reload } = detail;
  const problem = detail.problem ?? found.problem;
  const panel = useRef<HTMLElement>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    setTries(0);
    panel.current?.focus({ preventScroll: true });
    panel.current?.scrollTo(0, 0);
  }, [id]);
  const isAwaited = !isRowId && found.value?.rows.length === 0 && tries < MOST_TRIES;
  useEffect(() => {
    if (!isAwaited) return undefined;
    const timer = setTimeout(() => {
      setTries(tries + 1);
      found.reload();
    }, WRITTEN_AFTER);
    return () => clearTimeout(timer);
  }, [isAwaited, tries]);
  const isUnknown = !isRowId && tries >= MOST_TRIES && foundId === undefined;
  return (
    <aside ref={panel} class="exchange" aria-label="Request" tabIndex={-1}>
      <header class="exchange-head">
        <div class="exchange-tools">
          <button type="button" class="button small" title="Next (j)" onClick={() => step(1)}>
            Older
          </button>
          <button type="button" class="button small" title="Previous (k)" onClick={() => step(-1)}>
            Newer
          </button>
          <button
            type="button"
            class="icon-button"
            aria-label="Close"
            title="Close (Esc)"
            onClick={onClose}
          >
            <Icon name="close" />
          </button>
        </div>
        {value !== undefined && <Heading row={value.row} />}
      </header>
      {value !== undefined ? (
        <div class={isOld ? "exchange-body is-old" : "exchange-body"}>
          <Details detail={value} />
        </div>
      ) : problem !== undefined ? (
        <Problem problem={problem} retry={reload} />
      ) : isUnknown ? (
        <Empty title="It is not in the log">
          <p>Its row was not written, or is older than the log reaches.</p>
        </Empty>
      ) : (
        <Loading lines={9} />
      )}
    </aside>
  );
}

function Heading({ row }: { readonly row: FullRow }) {
  return (
    <h2>
      <Status status={row.status_code} />
      <span class="method">{row.method}</span>
      <span class="exchange-target">
        {row.path}
        {row.query}
      </span>
    </h2>
  );
}

function Details({ detail: { row, curl } }: { readonly detail: ExchangeDetail }) {
  return (
    <>
      {row.error_code !== null && row.error_code !== "" && (
        <p class="exchange-error">
          <Icon name="alert" />
          <span>
            <code>{row.error_code}</code>
            {row.refused_by !== null && row.refused_by !== "" && <> by {row.refused_by}</>}
            {row.message !== "" && <span class="sub">{row.message}</span>}
          </span>
        </p>
      )}
      <Part title="Timing">
        <Waterfall row={row} />
      </Part>
      <dl class="facts part">
        <Fact name="Duration">{durationText(row.latency_ms)}</Fact>
        <Fact name="First byte">{durationText(row.ttfb_ms)}</Fact>
        <Fact name="Time">{exactTimeText(row.timestamp)}</Fact>
        <Fact name="Size">
          {bytesText(numberIn(row, "bytes_in"))} in, {bytesText(numberIn(row, "bytes_out"))} out
        </Fact>
        <Narrowing row={row} name="route" />
        <Narrowing row={row} name="backend" />
        <Narrowing row={row} name="client" column="client_ip" />
        <Narrowing row={row} name="subject" />
        <Narrowing row={row} name="host" />
        <Narrowing row={row} name="model" />
        <Narrowing row={row} name="trace_id" label="Trace" isLong />
        <Narrowing row={row} name="request_id" label="Request id" isLong />
        <Narrowing row={row} name="configuration" />
      </dl>
      {row.decisions !== null && <Decided decisions={row.decisions} />}
      <Replay row={row} />
      <Explain row={row} />
      <Part title="As a command" actions={<Copy text={curl} />}>
        <pre class="code">{curl}</pre>
      </Part>
      <Fields title="Request fields" fields={row.request_fields} />
      <Content title="Request content" content={row.request_body} />
      <Fields title="Response fields" fields={row.response_fields} />
      <Content title="Response content" content={row.response_body} />
      <Part title="All columns" isClosed>
        <dl class="columns-list">
          {Object.entries(row)
            .filter(([, value]) => value !== null && value !== "" && typeof value !== "object")
            .map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{String(value)}</dd>
              </div>
            ))}
        </dl>
      </Part>
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface NarrowingProps {
  readonly row: FullRow;
  readonly name: FilterName;
  readonly column?: string;
  readonly label?: string;
  readonly isLong?: boolean;
}

/** A fact that leads to all requests that share it. */
function Narrowing({ row, name, column = name, label, isLong }: NarrowingProps) {
  const value = (row as unknown as Readonly<Record<string, unknown>>)[column];
  if (typeof value !== "string" || value === "") return null;
  return (
    <div class={isLong === true ? "wide" : undefined}>
      <dt>{label ?? `${name[0]?.toUpperCase()}${name.slice(1)}`}</dt>
      <dd>
        <Link
          to={addressOf("requests", { [name]: value })}
          title={`All requests with ${name}:${value}`}
          class={isLong === true ? "mono" : ""}
        >
          {value}
        </Link>
      </dd>
    </div>
  );
}

function Fields({ title, fields }: { readonly title: string; readonly fields: KeptFields | null }) {
  if (fields === null || fields.length === 0) return null;
  return (
    <Part
      title={title}
      actions={<Copy text={fields.map(([name, value]) => `${name}: ${value}`).join("\n")} />}
    >
      <dl class="columns-list">
        {fields.map(([name, value], index) => (
          // Names may come more than once.
          // oxlint-disable-next-line react/no-array-index-key
          <div key={index}>
            <dt>{name === "" ? "…" : name}</dt>
            <dd class={value === "[redacted]" ? "quiet" : ""}>{value}</dd>
          </div>
        ))}
      </dl>
    </Part>
  );
}

function numberIn(row: FullRow, column: string): number {
  return Number((row as unknown as Readonly<Record<string, unknown>>)[column] ?? 0);
}
