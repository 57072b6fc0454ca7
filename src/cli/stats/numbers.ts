/** "1,234,567" */
export const countText = (count: number): string =>
  String(Math.round(count)).replace(/\B(?=(?:[0-9]{3})+$)/g, ",");

/** "0.42ms", "13ms", "1.5s", "2.1m"; "-" for none. */
export function latencyText(milliseconds: number | null): string {
  if (milliseconds === null) return "-";
  if (milliseconds < 999.5) return `${digits(milliseconds)}ms`;
  if (milliseconds < 59_950) return `${digits(milliseconds / 1_000)}s`;
  return `${digits(milliseconds / 60_000)}m`;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "512B", "1.5MiB" */
export function bytesText(bytes: number): string {
  let rest = bytes;
  let unit = 0;
  for (; rest >= 999.5 && unit < UNITS.length - 1; unit += 1) rest /= 1_024;
  return `${unit === 0 ? rest : digits(rest)}${UNITS[unit]}`;
}

/** A share from 0 to 1: "0%", "0.04%", "12%". Never 0% for what is not nothing. */
export function percentText(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "<0.01%";
  return `${percent > 99 && percent < 100 ? Math.floor(percent * 100) / 100 : digits(percent)}%`;
}

/** Two digits, or all of a whole number. */
function digits(number: number): string {
  return number >= 10 ? String(Math.round(number)) : String(Number(number.toPrecision(2)));
}

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Numbers as bars, of at most so many places; next to each other they are added up. Blank for 0. */
export function sparkline(numbers: readonly number[], places: number): string {
  const each = Math.max(1, Math.ceil(numbers.length / places));
  const sums: number[] = [];
  for (const [at, number] of numbers.entries()) {
    const place = Math.floor(at / each);
    sums[place] = (sums[place] ?? 0) + number;
  }
  const most = Math.max(...sums);
  return sums
    .map((sum) => (sum === 0 ? " " : (BARS[Math.ceil((sum / most) * BARS.length) - 1] ?? " ")))
    .join("");
}
