import { noFilters } from "./filters.ts";
import type { QueryContext } from "./query.ts";
import { scanBack } from "./scan.ts";

export interface RefusalsRequest {
  /** Epoch milliseconds. */
  readonly since: number;
}

/** Requests that were refused for one reason. */
export interface Refusal {
  readonly refused_by: string;
  readonly error_code: string;
  readonly client: string;
  readonly subject: string;
  readonly route: string;
  readonly requests: number;
  readonly last_at: string;
}

/** Rows that are looked at, and groups that are answered. */
const MOST_ROWS = 5_000;
const MOST_GROUPS = 200;
const PAGE = 1_000;
const SLICE_MS = 400;

/** Who was refused lately and by what, of the newest rows since then; the most requests first. */
export function refusals(context: QueryContext, { since }: RefusalsRequest): Refusal[] {
  const filters = {
    ...noFilters,
    since,
    conditions: [{ kind: "presence", column: "refused_by", present: true }],
  } as const;
  const time = context.time.slice(SLICE_MS);
  const groups = new Map<string, { -readonly [Key in keyof Refusal]: Refusal[Key] }>();
  let before: number | null = Number.MAX_SAFE_INTEGER;
  for (let rows = 0; before !== null && rows < MOST_ROWS && time.left > 0;) {
    const page = scanBack({ ...context, time }, filters, before, PAGE);
    for (const row of page.rows) {
      const text = (column: string) => String(row[column] ?? "");
      const group = {
        refused_by: text("refused_by"),
        error_code: text("error_code"),
        client: text("client_ip"),
        subject: text("subject"),
        route: text("route"),
      };
      const key = JSON.stringify(group);
      const known = groups.get(key);
      if (known === undefined) {
        groups.set(key, { ...group, requests: 1, last_at: text("timestamp") });
      } else known.requests += 1;
    }
    rows += page.rows.length;
    before = page.rows.length === 0 ? null : page.next;
  }
  return [...groups.values()]
    .toSorted((one, other) => other.requests - one.requests)
    .slice(0, MOST_GROUPS);
}
