/** A column of a table for a terminal. */
export interface TableColumn {
  readonly heading: string;
  /** Numbers stand at the right. */
  readonly align?: "left" | "right";
  /** Where there is no room, the columns with the smallest numbers go first; without one it stays. */
  readonly priority?: number;
  /** Longer texts may be cut to this many places; without it none is cut. */
  readonly shrinksTo?: number;
  /** Where texts are cut, with "…" in place of the rest. */
  readonly cut?: "end" | "middle";
}

/** The columns that are shown, and how wide they are. */
export interface TableLayout {
  readonly shown: readonly { readonly at: number; readonly width: number }[];
  readonly columns: readonly TableColumn[];
}

/** Colours a cell that has its final width. */
export type Paint = (cell: string, column: number) => string;

const BETWEEN = "  ";

/**
 * Lays a table out: as wide as its cells, and where that is more than `width`, columns shrink and then go.
 * Cells are printable and without line ends.
 */
export function tableLayout(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width = Infinity,
): TableLayout {
  let shown = columns.map((column, at) => ({
    at,
    column,
    width: Math.max(
      widthOf(column.heading),
      rows.reduce((most, row) => Math.max(most, widthOf(row[at] ?? "")), 0),
    ),
  }));
  for (;;) {
    const surplus = totalWidth(shown) - width;
    if (surplus <= 0) break;
    const spare = shown.reduce((sum, one) => sum + spareOf(one), 0);
    const least = leastImportant(shown);
    if (spare >= surplus || least === undefined) {
      shrink(shown, Math.min(surplus, spare));
      break;
    }
    shown = shown.filter((one) => one !== least);
  }
  return { shown: shown.map(({ at, width }) => ({ at, width })), columns };
}

/** A row of a table, without a line end. */
export function tableLine(
  { shown, columns }: TableLayout,
  cells: readonly string[],
  paint?: Paint,
): string {
  const last = shown.length - 1;
  return shown
    .map(({ at, width }, place) => {
      const { align, cut } = columns[at] ?? {};
      const text = shortened(cells[at] ?? "", width, cut);
      const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
      const painted = paint === undefined ? text : paint(text, at);
      if (align === "right") return blanks + painted;
      return place === last ? painted : painted + blanks;
    })
    .join(BETWEEN)
    .trimEnd();
}

/** A whole table with its headings; each line ends. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width?: number,
  paint?: Paint,
): string {
  const layout = tableLayout(columns, rows, width);
  const headings = columns.map(({ heading }) => heading);
  const lines = [tableLine(layout, headings), ...rows.map((row) => tableLine(layout, row, paint))];
  return lines.map((line) => `${line}\n`).join("");
}

/** A text of at most `width` places, cut at its end or in its middle. */
export function shortened(text: string, width: number, cut: "end" | "middle" = "end"): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return "";
  const rest = width - 1;
  const atEnd = cut === "middle" ? Math.floor(rest / 2) : 0;
  const characters = [...SEGMENTER.segment(text)].map(({ segment }) => segment);
  const start = fitting(characters, rest - atEnd).join("");
  return `${start}…${fitting(characters.toReversed(), atEnd).toReversed().join("")}`;
}

/** The places that a text takes on a terminal. */
export const widthOf = (text: string): number => Bun.stringWidth(text);

const SEGMENTER = new Intl.Segmenter();

function fitting(characters: readonly string[], width: number): string[] {
  let taken = 0;
  const first = characters.findIndex((character) => (taken += widthOf(character)) > width);
  return characters.slice(0, first === -1 ? characters.length : first);
}

interface Shown {
  readonly at: number;
  readonly column: TableColumn;
  width: number;
}

const totalWidth = (shown: readonly Shown[]): number =>
  shown.reduce((sum, { width }) => sum + width, BETWEEN.length * Math.max(0, shown.length - 1));

const spareOf = ({ column, width }: Shown): number =>
  column.shrinksTo === undefined ? 0 : Math.max(0, width - column.shrinksTo);

function leastImportant(shown: readonly Shown[]): Shown | undefined {
  return shown
    .filter(({ column }) => column.priority !== undefined)
    .sort((a, b) => (a.column.priority ?? 0) - (b.column.priority ?? 0))[0];
}

/** Takes from the widest columns first. */
function shrink(shown: readonly Shown[], surplus: number): void {
  for (let left = surplus; left > 0; left -= 1) {
    const [widest] = shown.filter((one) => spareOf(one) > 0).sort((a, b) => b.width - a.width);
    if (widest === undefined) return;
    widest.width -= 1;
  }
}
