import type { LogRow } from "../../../../src/cli/top/columns.ts";
import type { LiveSecond } from "../../../../src/cli/top/model.ts";

/** A second in which each route has got so many requests, one of ten of them an error. */
export function second(requests: Readonly<Record<string, number>>): LiveSecond {
  const groups = Object.entries(requests).map(([id, count]) => ({ id, ...group(count) }));
  const all = Object.values(requests).reduce((sum, count) => sum + count, 0);
  return {
    at: "2026-11-26T15:00:01.000Z",
    ...group(all),
    p90_ms: 3,
    in_flight: 2,
    bytes_out: 2_048,
    routes: groups,
    backends: groups.map(({ id, ...rest }) => ({ url: `http://localhost${id}`, ...rest })),
  };
}

function group(requests: number) {
  return { requests, errors: Math.floor(requests / 10), p50_ms: 1, p99_ms: 20 };
}

export function row(changes: LogRow = {}): LogRow {
  return {
    timestamp: "2026-11-26T15:00:01.000Z",
    method: "GET",
    path: "/api/users/1",
    status_code: 200,
    latency_ms: 1.5,
    request_id: "id-1",
    ...changes,
  };
}
