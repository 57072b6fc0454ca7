import type { Decisions, FullRow } from "../data/types.ts";

/** One line of the waterfall. Times are milliseconds since the request arrived. */
export interface Span {
  readonly label: string;
  /** What came of it; empty if there is nothing to say. */
  readonly note: string;
  readonly at: number;
  readonly took: number;
  readonly tone: "phase" | "policy" | "attempt" | "wait" | "bad";
  /** Whether it is a part of the line above that is not. */
  readonly isPart: boolean;
}

const PHASES: Readonly<Record<string, string>> = {
  route: "Route",
  in: "Policies in",
  pick: "Pick a backend",
  send: "Backend",
  out: "Policies out",
  content: "Content",
};

/** How the time went: from the decisions, or as far as a row knows without them. */
export function spansOf(row: FullRow): readonly Span[] {
  return row.decisions === null ? roughSpans(row) : decidedSpans(row.decisions);
}

function decidedSpans(decisions: Decisions): Span[] {
  const { phases, route, policies = [], attempts = [], waits = [] } = decisions;
  const parts: Readonly<Record<string, Span[]>> = {
    in: policies.map(({ name, verdict, code, at_ms: at, took_ms: took }) => ({
      label: name,
      note: verdict === "passed" ? "" : [verdict, code].filter(Boolean).join(" "),
      at,
      took,
      tone: verdict === "refused" ? "bad" : "policy",
      isPart: true,
    })),
    send: [
      ...attempts.map(({ backend, outcome, status, error, at_ms: at, took_ms: took }): Span => ({
        label: backend.replace(/^https?:\/\//, ""),
        note: error ?? (status === undefined ? outcome : String(status)),
        at,
        took,
        tone: outcome === "answered" && (status ?? 0) < 500 ? "attempt" : "bad",
        isPart: true,
      })),
      ...waits.map((wait): Span => ({
        label: wait.for === "retry" ? "wait before a retry" : "wait for a place",
        note: "",
        at: wait.at_ms,
        took: wait.took_ms,
        tone: "wait",
        isPart: true,
      })),
    ].toSorted((a, b) => a.at - b.at),
    out: policies.flatMap(({ name, out }) =>
      out === undefined
        ? []
        : [
            {
              label: name,
              note: out.replaced ? "replaced the answer" : "",
              at: out.at_ms,
              took: out.took_ms,
              tone: "policy" as const,
              isPart: true,
            },
          ],
    ),
  };
  return phases.flatMap(({ phase, at_ms: at, took_ms: took }): Span[] => [
    {
      label: PHASES[phase] ?? phase,
      note: phase === "route" ? (route.id ?? route.outcome.replaceAll("_", " ")) : "",
      at,
      took,
      tone: "phase",
      isPart: false,
    },
    ...(parts[phase] ?? []),
  ]);
}

function roughSpans({ latency_ms: latency, ttfb_ms: first, backend }: FullRow): Span[] {
  const span = (label: string, at: number, took: number): Span => ({
    label,
    note: "",
    at,
    took,
    tone: "phase",
    isPart: false,
  });
  if (first === null) return [span("In all", 0, latency)];
  return [
    span(backend === null ? "First byte" : "Until the first byte", 0, first),
    span("Content", first, Math.max(0, latency - first)),
  ];
}
