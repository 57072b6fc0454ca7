import { fields } from "../fields.ts";
import { noFilters } from "./filters.ts";
import { page } from "./page.ts";
import { QueryError } from "./errors.ts";
import type { QueryContext } from "./query.ts";
import { type Row, selected } from "./row.ts";

export interface ExchangeRequest {
  /** The id of a row, or of a request. */
  readonly id: string;
}

const ALL_COLUMNS = ["id", ...Object.values(fields).map(({ column }) => column)];
const ROW_ID = /^[1-9][0-9]{0,15}$/;

/**
 * Everything of one exchange; of several with this request id the newest. Null if there is none.
 * @throws {QueryError} when the time is up
 */
export function exchange(context: QueryContext, { id }: ExchangeRequest): Row | null {
  const { db, columns, time } = context;
  const byId = db.query<Row, [number]>(
    `SELECT ${selected(ALL_COLUMNS, columns)} FROM logs WHERE id = ?`,
  );
  const row = ROW_ID.test(id) ? byId.get(Number(id)) : null;
  if (row !== null) return row;
  const filters = {
    ...noFilters,
    conditions: [{ kind: "text", column: "request_id", texts: [id] }],
  } as const;
  const { rows, complete } = page(context, { filters, limit: 1, slice: time.left });
  const [found] = rows;
  if (found !== undefined) return byId.get(found.id);
  if (complete) return null;
  throw new QueryError("time_is_up", "searching the request id took too long; name the row's id");
}
