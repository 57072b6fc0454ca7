import { normalizeAddress } from "../../http/address.ts";
import { closest } from "../../units/closest.ts";
import { printable } from "../../units/printable.ts";
import { parseDurations, parseStatuses, type Range } from "./ranges.ts";
import { parseTime } from "./times.ts";

/** A column that is compared with texts. */
export type TextColumn =
  | "method"
  | "host"
  | "path"
  | "route"
  | "backend"
  | "upstream"
  | "client_ip"
  | "subject"
  | "provider"
  | "request_id"
  | "trace_id"
  | "error_code"
  | "refused_by"
  | "configuration"
  | "model";

/** What a row has to be; a row is found if it meets all. */
export type Condition =
  /** The column has one of the texts. A host without a port also means that host with any port. */
  | { readonly kind: "text"; readonly column: TextColumn; readonly texts: readonly string[] }
  /** The column has any text, or none. */
  | { readonly kind: "presence"; readonly column: TextColumn; readonly present: boolean }
  /** The path matches; `*` stands for any characters, `/` too. */
  | { readonly kind: "glob"; readonly column: "path"; readonly glob: string }
  /** The number is in one of the ranges. */
  | {
      readonly kind: "number";
      readonly column: "status_code" | "latency_ms";
      readonly ranges: readonly Range[];
    };

/** Which rows are wanted. */
export interface Filters {
  readonly conditions: readonly Condition[];
  /** Rows from this time on, in epoch milliseconds; -Infinity for no limit. */
  readonly since: number;
  /** Rows before this time, in epoch milliseconds; Infinity for no limit. */
  readonly until: number;
}

/** A filter that cannot be read. The message names it and says what is valid. */
export class FilterError extends Error {
  override readonly name = "FilterError";
  readonly filter: string;

  constructor(filter: string, problem: string) {
    super(problem);
    this.filter = filter;
  }
}

/** What a filter's value may be, for help and documentation. */
interface FilterKind {
  /** The placeholder of its value. */
  readonly value: string;
  readonly summary: string;
  read(written: string, name: string): Condition;
}

const STATUSES = "404, 5xx, >=400, 200..299 or a list with commas, like 429,5xx";
const DURATIONS = ">200ms, <1s, 200ms..1s or >200ms,<1s";
const TIMES = "10m for ten minutes ago, 2026-11-25 or 2026-11-25T21:06:30Z (UTC without a zone)";

const kinds = {
  status: {
    value: "STATUS",
    summary: STATUSES,
    read: (written, name) => ({
      kind: "number",
      column: "status_code",
      ranges: parseStatuses(written) ?? invalid(name, written, STATUSES),
    }),
  },
  method: {
    value: "METHOD",
    summary: "GET, or a list with commas",
    read: (written) => textIn("method", listIn(written.toUpperCase())),
  },
  host: {
    value: "HOST",
    summary: "as clients name it; without a port, with any port",
    read: (written) => textIn("host", [written.toLowerCase()]),
  },
  path: {
    value: "PATH",
    summary: "the path, or a pattern in which * stands for anything: '/users/*'",
    read: (written) =>
      written.includes("*")
        ? { kind: "glob", column: "path", glob: written.replace(/\*{2,}/g, "*") }
        : textIn("path", [written]),
  },
  route: named("route", "ROUTE", "the route's id, or `none`"),
  backend: named("backend", "URL", "the backend's URL, or `any`, `none`"),
  upstream: named("upstream", "NAME", "the upstream's name, or `any`, `none`"),
  client: {
    value: "ADDRESS",
    summary: "the client's address",
    read: (written) =>
      textIn("client_ip", [normalizeAddress(written.replace(/^\[(.*)\]$/, "$1")).toLowerCase()]),
  },
  subject: named("subject", "SUBJECT", "who the client is, or `any`, `none`"),
  provider: named("provider", "NAME", "the auth provider that says so, or `any`, `none`"),
  request_id: named("request_id", "ID", "the request's id (X-Request-Id)"),
  trace_id: {
    value: "ID",
    summary: "the trace's id, 32 hexadecimal digits",
    read: (written, name) =>
      presence("trace_id", written) ??
      (/^[0-9a-f]{32}$/i.test(written)
        ? textIn("trace_id", [written.toLowerCase()])
        : invalid(name, written, "32 hexadecimal digits")),
  },
  duration: {
    value: "RANGE",
    summary: `how long it took: ${DURATIONS}`,
    read: (written, name) => ({
      kind: "number",
      column: "latency_ms",
      ranges: [parseDurations(written) ?? invalid(name, written, DURATIONS)],
    }),
  },
  error: {
    value: "CODE",
    summary: "the error's code, a list with commas, or `any`, `none`",
    read: (written) => presence("error_code", written) ?? textIn("error_code", listIn(written)),
  },
  refused_by: named("refused_by", "POLICY", "the policy that refused it, or `any`, `none`"),
  configuration: named("configuration", "ID", "the id of the configuration that served it"),
  model: named("model", "MODEL", "the language model that answered, or `any`, `none`"),
} as const satisfies Readonly<Record<string, FilterKind>>;

export type FilterName = keyof typeof kinds | "since" | "until";

/** Each filter with the placeholder of its value and what it means, in the order of the documentation. */
export const filterHelp: Readonly<
  Record<FilterName, { readonly value: string; readonly summary: string }>
> = {
  ...kinds,
  since: { value: "TIME", summary: `rows from then on: ${TIMES}` },
  until: { value: "TIME", summary: "rows before then, written the same way" },
};

export const filterNames: readonly string[] = Object.keys(filterHelp);

/** Filters that all rows meet. */
export const noFilters: Filters = { conditions: [], since: -Infinity, until: Infinity };

/** Whether a text is the name of a filter. */
export function isFilterName(name: string): name is FilterName {
  return Object.hasOwn(filterHelp, name);
}

/**
 * Reads filters written as texts by name. `now` is in epoch milliseconds: durations are before it.
 * Undefined values are left out.
 * @throws {FilterError} for a name that is not a filter's, and a value that it cannot have
 */
export function parseFilters(
  texts: Readonly<Record<string, string | undefined>>,
  now: number,
): Filters {
  const conditions: Condition[] = [];
  let { since, until } = noFilters;
  for (const [name, given] of Object.entries(texts)) {
    if (given === undefined) continue;
    if (!isFilterName(name)) throw unknownFilter(name);
    const written = given.trim();
    if (written === "") throw new FilterError(name, `${name} needs a value: ${helpOf(name)}`);
    if (name === "since") since = timeOf(name, written, now);
    else if (name === "until") until = timeOf(name, written, now);
    else conditions.push(kinds[name].read(written, name));
  }
  if (since >= until) {
    throw new FilterError("until", "until is not after since, so no row can be meant");
  }
  return { conditions, since, until };
}

/** What was meant by a name that is not a filter's. */
function unknownFilter(name: string): FilterError {
  const meant = closest(name, filterNames) ?? OTHER_NAMES.get(name.toLowerCase());
  const advice =
    meant === undefined ? `filters are ${filterNames.join(", ")}` : `did you mean ${meant}?`;
  return new FilterError(
    name,
    `there is no filter ${printable(name.slice(0, MOST_SHOWN))}; ${advice}`,
  );
}

/** Names of columns, and what others call them. */
const OTHER_NAMES: ReadonlyMap<string, FilterName> = new Map([
  ["status_code", "status"],
  ["code", "status"],
  ["client_ip", "client"],
  ["ip", "client"],
  ["user", "subject"],
  ["latency", "duration"],
  ["latency_ms", "duration"],
  ["url", "path"],
  ["from", "since"],
  ["to", "until"],
  ["id", "request_id"],
  ["trace", "trace_id"],
  ["policy", "refused_by"],
]);

/** A column whose texts operators choose; "=" in front means the text itself. */
function named(column: TextColumn, value: string, summary: string): FilterKind {
  return {
    value,
    summary,
    read: (written) => presence(column, written) ?? textIn(column, [withoutSign(written)]),
  };
}

function presence(column: TextColumn, written: string): Condition | undefined {
  return written === "any" || written === "none"
    ? { kind: "presence", column, present: written === "any" }
    : undefined;
}

const textIn = (column: TextColumn, texts: readonly string[]): Condition => ({
  kind: "text",
  column,
  texts,
});

const withoutSign = (written: string): string => written.replace(/^=/, "");

function listIn(written: string): string[] {
  return written
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

function timeOf(name: FilterName, written: string, now: number): number {
  return parseTime(written, now) ?? invalid(name, written, TIMES);
}

function helpOf(name: FilterName): string {
  return filterHelp[name].summary;
}

/** Characters of a wrong value that a message repeats. */
const MOST_SHOWN = 200;

function invalid(name: string, written: string, valid: string): never {
  const shown = written.length > MOST_SHOWN ? `${written.slice(0, MOST_SHOWN)}…` : written;
  throw new FilterError(name, `${name} cannot be "${printable(shown)}"; write ${valid}`);
}
