import type { Used, UsageReport } from "../../runtime/explain/route-usage.ts";
import { printable } from "../../units/printable.ts";
import { countText, latencyText, percentText } from "../stats/numbers.ts";
import { table, type TableColumn } from "../table.ts";

export interface UsageTextOptions {
  /** Of the terminal; undefined without one. */
  readonly width: number | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly hasBackends: boolean;
  readonly hasKeys: boolean;
}

const USED: readonly TableColumn[] = [
  { heading: "REQUESTS", align: "right" },
  { heading: "ERRORS", align: "right", priority: 2 },
  { heading: "P99", align: "right", priority: 1 },
  { heading: "LAST USED" },
];

/** How a configuration's routes were used, for people. */
export function usageText(report: UsageReport, options: UsageTextOptions): string {
  const { routes, upstreams, backends, subjects, gone } = report;
  const show = (columns: readonly TableColumn[], rows: readonly (readonly string[])[]) =>
    table(
      columns,
      rows.map((row) => row.map(printable)),
      options.width,
    );
  const used = (one: Used) => usedCells(one, options.now);
  const named = (heading: string) => [{ heading, shrinksTo: 12, cut: "middle" } as const, ...USED];
  const parts = [
    show(
      [
        { heading: "ROUTE", shrinksTo: 16, cut: "middle" },
        { heading: "MATCHES", shrinksTo: 16, priority: 3 },
        { heading: "ENDS IN", priority: 0 },
        ...USED,
      ],
      routes.map((route) => [
        route.id,
        [route.methods.join(","), route.hosts.join(",") + route.path]
          .filter((text) => text !== "")
          .join(" "),
        route.ends_in,
        ...used(route),
      ]),
    ),
  ];
  if (options.hasBackends) {
    const rows = upstreams.map((one) => [one.name, ...used(one)]);
    if (rows.length > 0) parts.push(show(named("UPSTREAM"), rows));
    parts.push(
      show(
        named("BACKEND"),
        backends.map((one) => [one.url, ...used(one)]),
      ),
    );
  }
  if (options.hasKeys) {
    const columns: readonly TableColumn[] = [
      { heading: "PROVIDER" },
      { heading: "SUBJECT", shrinksTo: 12 },
      { heading: "REQUESTS", align: "right" },
      { heading: "LAST USED" },
    ];
    const rows = subjects.map(({ provider, subject, requests, last_used_at: at }) => [
      provider,
      subject,
      countText(requests),
      agoText(at, options.now),
    ]);
    parts.push(rows.length === 0 ? "no keys or users are known\n" : show(columns, rows));
  }
  const dead = routes.filter(({ dead: isDead }) => isDead);
  const notes = [
    beginText(report),
    dead.length === 0 ? "" : `dead: ${dead.map(({ id }) => id).join(", ")}`,
    gone.length === 0
      ? ""
      : `in the log and no more in the configuration: ${gone.map(({ route }) => route).join(", ")}`,
  ].filter((note) => note !== "");
  return [...parts, ...(notes.length === 0 ? [] : [`${notes.map(printable).join("\n")}\n`])].join(
    "\n",
  );
}

function beginText({ since, log_begins_at: begins, is_whole: isWhole }: UsageReport): string {
  if (isWhole) return "";
  return begins === null
    ? "the log has no requests yet, so nothing is known of what is used"
    : `the log begins at ${begins}, after ${since}: nothing is known of before`;
}

function usedCells(
  { requests, error_rate: errors, p99_ms: p99, last_used_at: at }: Used,
  now: number,
): string[] {
  return [
    countText(requests),
    requests === 0 ? "-" : percentText(errors),
    latencyText(p99),
    at === null ? "never" : agoText(at, now),
  ];
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** "3d ago", "just now" */
function agoText(at: string, now: number): string {
  const since = now - Date.parse(at);
  const [unit, length] = UNITS.find(([, milliseconds]) => since >= milliseconds) ?? ["", 0];
  return length === 0 ? "just now" : `${Math.floor(since / length)}${unit} ago`;
}
