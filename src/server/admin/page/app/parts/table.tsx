import type { ComponentChildren } from "preact";
import { narrow, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";

export interface Column<Row> {
  readonly key: string;
  readonly title: ComponentChildren;
  /** What is sorted by; absent if it cannot be sorted by this column. */
  readonly by?: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly isNumber?: boolean;
  /** Left out where there is little room: below the width of a tablet, a desktop, a wide screen. */
  readonly from?: "tablet" | "desktop" | "wide";
  /** Its share of the table's width, for a table whose columns are to stand below another's. */
  readonly width?: string;
  /** Stands for its row. */
  readonly isHeader?: boolean;
}

interface TableProps<Row> {
  /** Read out in place of a caption. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly rowClass?: (row: Row) => string | undefined;
  /** The URL's parameter with the column that is sorted by; absent if there is no sorting. */
  readonly sortParameter?: string;
  readonly footer?: ComponentChildren;
}

/** A table that can be sorted by a click on its headers; the order is in the URL. */
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, rowClass, sortParameter = "", footer } = props;
  const { parameters } = useStore(place);
  const sort = parameters[sortParameter] ?? "";
  const isDown = sort.startsWith("-");
  const key = isDown ? sort.slice(1) : sort;
  const by = columns.find((column) => column.key === key)?.by;
  const sorted = by === undefined ? rows : rows.toSorted((a, b) => compare(by(a), by(b), isDown));
  return (
    <div class="table-frame">
      <table
        aria-label={label}
        class={columns.some(({ width }) => width !== undefined) ? "fixed" : undefined}
      >
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                style={column.width === undefined ? undefined : { width: column.width }}
                class={classOf(column)}
                aria-sort={column.key === key ? (isDown ? "descending" : "ascending") : undefined}
              >
                {column.by === undefined || sortParameter === "" ? (
                  column.title
                ) : (
                  <button
                    type="button"
                    class="sort"
                    onClick={() =>
                      narrow({ [sortParameter]: nextSort(column, key, isDown) }, "replace")
                    }
                  >
                    {column.title}
                    <span class="sort-mark" aria-hidden="true">
                      {column.key === key ? (isDown ? "↓" : "↑") : ""}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row)}>
              {columns.map((column) =>
                column.isHeader === true ? (
                  <th key={column.key} scope="row" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.key} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {footer}
    </div>
  );
}

function classOf<Row>({ isNumber, from }: Column<Row>): string | undefined {
  const names = [isNumber === true && "number", from !== undefined && `from-${from}`];
  return names.filter((name) => name !== false).join(" ") || undefined;
}

/** Numbers begin with the greatest; the third click undoes it. */
function nextSort<Row>({ key, isNumber }: Column<Row>, current: string, isDown: boolean) {
  const first = isNumber === true ? `-${key}` : key;
  const second = isNumber === true ? key : `-${key}`;
  if (key !== current) return first;
  return (isDown ? `-${key}` : key) === first ? second : undefined;
}

function compare(a: number | string, b: number | string, isDown: boolean): number {
  const order =
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  return isDown ? -order : order;
}
