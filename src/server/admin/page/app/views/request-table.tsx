import { memo } from "../parts/memo.ts";
import { durationText, exactTimeText, rowTimeText } from "../data/format.ts";
import { goTo } from "../data/place.ts";
import type { ExchangeRow } from "../data/types.ts";
import { Link } from "../parts/link.tsx";
import { Status } from "../parts/words.tsx";

interface TableProps {
  readonly rows: readonly ExchangeRow[];
  readonly open: string | undefined;
  readonly keyOf: (row: ExchangeRow) => string;
  readonly addressFor: (row: ExchangeRow) => [open: string, address: string];
}

/** The requests. Its columns keep their widths whatever comes in. */
export function RequestTable({ rows, open, keyOf, addressFor }: TableProps) {
  return (
    <table class="request-table" aria-label="Requests, newest first">
      <thead>
        <tr>
          <th scope="col" class="col-time">
            Time
          </th>
          <th scope="col" class="col-status">
            Status
          </th>
          <th scope="col">Request</th>
          <th scope="col" class="col-duration number">
            Duration
          </th>
          <th scope="col" class="col-route">
            Route
          </th>
          <th scope="col" class="col-backend">
            Backend
          </th>
          <th scope="col" class="col-client">
            Client
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const [name, address] = addressFor(row);
          const isOpen = open !== undefined && (open === name || open === row.request_id);
          return <Row key={keyOf(row)} row={row} name={name} address={address} isOpen={isOpen} />;
        })}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly row: ExchangeRow;
  readonly name: string;
  readonly address: string;
  readonly isOpen: boolean;
}

const Row = memo(({ row, name, address, isOpen }: RowProps) => {
  const { timestamp, status_code: status, latency_ms: latency, method, path, query } = row;
  return (
    <tr
      class={isOpen ? "is-open" : undefined}
      onClick={(event) => {
        if (!(event.target as Element).closest("a")) goTo(address);
      }}
    >
      <td class="col-time">
        <Link to={address} class="row-link" name={name} title={exactTimeText(timestamp)}>
          {rowTimeText(timestamp)}
        </Link>
      </td>
      <td class="col-status">
        <Status status={status} />
      </td>
      <td class="col-request">
        <span class="method">{method}</span>
        <span class="path">
          {path}
          <span class="quiet">{query}</span>
        </span>
        {row.error_code !== null && <span class="row-error">{row.error_code}</span>}
      </td>
      <td class="col-duration number">
        <span class={`latency ${slowness(latency)}`}>{durationText(latency)}</span>
      </td>
      <td class="col-route">{row.route}</td>
      <td class="col-backend">{row.backend?.replace(/^https?:\/\//, "")}</td>
      <td class="col-client">{row.subject ?? row.client_ip}</td>
    </tr>
  );
});

function slowness(latency: number): string {
  if (latency >= 1000) return "bad";
  return latency >= 250 ? "warn" : "";
}
