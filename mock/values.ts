/** An invalid value in a request; its message says what is expected. */
export class BadValue extends Error {
  override readonly name = "BadValue";
}

const MILLISECONDS_OF: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };
const BYTES_OF: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

function parse(
  written: string,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const match = pattern.exec(written);
  if (match === null) return undefined;
  const [, count = "", unit = ""] = match;
  return Number(count) * (units[unit] ?? 1);
}

const parseDuration = (written: string) =>
  written === "0" ? 0 : parse(written, /^(\d+(?:\.\d+)?)(ms|s|m)$/, MILLISECONDS_OF);

const parseSize = (written: string) => {
  const size = parse(written, /^(\d+(?:\.\d+)?)((?:[KMG]i?)?B|)$/, BYTES_OF);
  return size === undefined ? undefined : Math.floor(size);
};

function within(
  value: number | undefined,
  limits: readonly [lowest: number, highest: number],
  complaint: string,
): number {
  if (value === undefined || value < limits[0] || value > limits[1]) throw new BadValue(complaint);
  return value;
}

/** Reads `250ms`, `2s` or `1m` as milliseconds, from `lowest` to ten minutes. Throws BadValue. */
export function readDuration(name: string, written: string, lowest: "0ms" | "1ms" = "0ms"): number {
  return within(
    parseDuration(written),
    [lowest === "0ms" ? 0 : 1, 600_000],
    `${name} is "${written}"; expected a duration from ${lowest} to 10m, like 250ms or 2s`,
  );
}

/** Reads `1024`, `64KiB` or `10MB` as bytes, from 0 to `highest`. Throws BadValue. */
export function readSize(name: string, written: string, highest: "1MiB" | "1GiB"): number {
  return within(
    parseSize(written),
    [0, highest === "1MiB" ? 2 ** 20 : 2 ** 30],
    `${name} is "${written}"; expected a size from 0 to ${highest}, like 1024, 64KiB or 10MB`,
  );
}

/** Reads a whole number, both ends of the range included. Throws BadValue. */
export function readWholeNumber(
  name: string,
  written: string,
  lowest: number,
  highest: number,
): number {
  return within(
    /^\d{1,15}$/.test(written) ? Number(written) : undefined,
    [lowest, highest],
    `${name} is "${written}"; expected a whole number from ${lowest} to ${highest}`,
  );
}
