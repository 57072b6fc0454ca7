import { useEffect, useRef } from "preact/hooks";
import { type FilterTexts, filtersIn } from "../data/filters.ts";
import { agoText, countText } from "../data/format.ts";
import { live } from "../data/live.ts";
import { addressOf, goTo, narrow, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { ExchangeRow } from "../data/types.ts";
import { rowKey, type Rows, useRows } from "../data/use-rows.ts";
import { Icon } from "../parts/icons.tsx";
import { Empty, Loading, Problem } from "../parts/words.tsx";
import { useKeys } from "../shell/shortcuts.ts";
import { ExchangePanel } from "./exchange-panel.tsx";
import { NoTraffic } from "./no-traffic.tsx";
import { RequestFilters } from "./request-filters.tsx";
import { RequestTable } from "./request-table.tsx";

export function RequestsView() {
  const { parameters } = useStore(place);
  const filters = filtersIn(parameters);
  const { open } = parameters;
  const rows = useRows(new URLSearchParams(Object.entries(filters)).toString());
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const step = (by: number) => {
    const links = [...(list.current?.querySelectorAll<HTMLAnchorElement>("a.row-link") ?? [])];
    const at = links.findIndex((link) =>
      open === undefined ? link === document.activeElement : link.dataset["open"] === open,
    );
    const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
    next?.scrollIntoView({ block: "nearest" });
    if (open === undefined) next?.focus();
    else narrow({ open: next?.dataset["open"] }, "replace");
  };
  const close = () => {
    if (open !== undefined) narrow({ open: undefined });
  };
  const toggle = () => (rows.isPaused ? rows.resume() : rows.pause());
  useKeys({
    "/": (event) => {
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    },
    p: toggle,
    j: () => step(1),
    k: () => step(-1),
    Escape: ({ target }) => {
      if (target instanceof HTMLInputElement) target.blur();
      else close();
    },
  });
  // Back to the row that was opened, for whoever goes by keyboard.
  const opened = useRef(open);
  useEffect(() => {
    const before = opened.current;
    opened.current = open;
    if (open !== undefined || before === undefined) return;
    list.current?.querySelector<HTMLElement>(`a[data-open="${CSS.escape(before)}"]`)?.focus();
  }, [open]);

  return (
    <div class="view">
      <RequestFilters
        filters={filters}
        input={input}
        problem={rows.problem?.status === 0 ? undefined : rows.problem?.message}
        apply={(next, how) => goTo(addressOf("requests", { ...next, open }), how)}
        actions={<Stream rows={rows} hasEnd={filters.until !== undefined} toggle={toggle} />}
      />
      <div class={open === undefined ? "requests" : "requests with-panel"}>
        <div class="panel" ref={list}>
          <List rows={rows} filters={filters} open={open} />
        </div>
        {open !== undefined && <ExchangePanel id={open} onClose={close} step={step} />}
      </div>
    </div>
  );
}

/** Whether new rows are coming in, and the button that stops them. */
function Stream({
  rows,
  hasEnd,
  toggle,
}: {
  readonly rows: Rows;
  readonly hasEnd: boolean;
  readonly toggle: () => void;
}) {
  const { connection } = useStore(live);
  if (hasEnd) return <span class="note">A past range: nothing new comes in.</span>;
  const { isPaused, waiting, skipped } = rows;
  return (
    <>
      {isPaused && waiting > 0 && <span class="note">{countText(waiting)} new</span>}
      {!isPaused && skipped > 0 && (
        <span class="note" title="More came in than a page can show. They are in the log.">
          {countText(skipped)} not shown
        </span>
      )}
      <button
        type="button"
        class="button"
        aria-pressed={isPaused}
        disabled={connection === "away"}
        title={isPaused ? "Resume (p)" : "Pause (p)"}
        onClick={toggle}
      >
        <Icon name={isPaused ? "play" : "pause"} />
        {isPaused ? "Resume" : "Pause"}
      </button>
    </>
  );
}

interface ListProps {
  readonly rows: Rows;
  readonly filters: FilterTexts;
  readonly open: string | undefined;
}

function List({ rows: state, filters, open }: ListProps) {
  const { rows, problem, isLoading, hasMore, searchedTo } = state;
  if (rows === undefined) return <Loading lines={12} />;
  if (rows.length === 0 && problem !== undefined) {
    return <Problem problem={problem} retry={state.resume} />;
  }
  if (rows.length === 0) {
    if (Object.keys(filters).length === 0) return <NoTraffic />;
    return (
      <Empty title="No request meets these filters">
        <p>
          {searchedTo === undefined
            ? "New ones show up as they come in."
            : `Looked back to ${agoText(searchedTo)}; further back takes longer.`}
        </p>
        {hasMore ? (
          <button type="button" class="button" onClick={() => void state.loadOlder()}>
            Look further back
          </button>
        ) : (
          <button type="button" class="button" onClick={() => goTo(addressOf("requests"))}>
            Show all requests
          </button>
        )}
      </Empty>
    );
  }
  return (
    <>
      <RequestTable rows={rows} open={open} keyOf={rowKey} addressFor={addressFor} />
      <footer class="list-foot">
        {hasMore ? (
          <button
            type="button"
            class="button"
            disabled={isLoading}
            onClick={() => void state.loadOlder()}
          >
            Load older
          </button>
        ) : (
          <span class="note">That is all there is.</span>
        )}
      </footer>
    </>
  );
}

/** How a row is named in the URL, and the address that opens it. */
function addressFor(row: ExchangeRow): [open: string, address: string] {
  const open = String(row.id ?? row.request_id);
  return [open, addressOf("requests", { ...place.value.parameters, open })];
}
