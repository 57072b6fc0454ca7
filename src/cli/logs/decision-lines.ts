import type { Decisions, Span } from "../../pipeline/decisions/decisions.ts";
import { printable, printableJson } from "../../units/printable.ts";
import { shortened } from "../table.ts";

const BAR = 24;
const LABEL = 28;

/** A decision trace for people: what took how long, what each policy said, which backends were tried. */
export function decisionLines(decisions: unknown, width = Infinity): string[] {
  if (typeof decisions !== "object" || decisions === null) {
    return typeof decisions === "string" ? [printable(decisions)] : [];
  }
  const { phases, route, policies, split, picks, attempts, waits, cache, more, ...rest } =
    decisions as Partial<Decisions>;
  const total = Math.max(0, ...(phases ?? []).map(({ at_ms: at, took_ms: took }) => at + took));
  const timed = (label: string, span: Span, note = "") =>
    `${shortened(printable(label), LABEL).padEnd(LABEL)} ${bar(span, total)} ${ms(span.took_ms)}${note === "" ? "" : `  ${printable(note)}`}`;
  const lines = [
    ...(phases ?? []).map((phase) => timed(phase.phase, phase)),
    ...(route === undefined ? [] : routeLines(route)),
    ...(policies ?? []).map((policy) => timed(`policy ${policy.name}`, policy, verdictOf(policy))),
    ...(split === undefined ? [] : [`split: ${split.upstream}, by ${split.by}`]),
    ...(picks ?? []).flatMap(pickLines),
    ...(attempts ?? []).map((attempt) => {
      const { backend, outcome, status, error } = attempt;
      const answer = [outcome, status, error].filter((part) => part !== undefined && part !== "");
      return timed(`attempt ${backend}`, attempt, answer.join(" "));
    }),
    ...(waits ?? []).map((wait) => timed(`wait for ${wait.for}`, wait)),
    ...(cache === undefined ? [] : [`cache: ${cache}`]),
    ...Object.entries(rest).map(([name, value]) => `${name}: ${printableJson(value)}`),
    ...(more === undefined ? [] : [`(${more} more were left out)`]),
  ];
  return lines.map((line) => shortened(printable(line), width - INDENT));
}

const INDENT = 2;

function routeLines(route: Decisions["route"]): string[] {
  const { outcome, id, parameters, candidates, more } = route;
  const values = Object.entries(parameters ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    `route: ${[outcome, id, ...values].filter((part) => part !== undefined).join(" ")}`,
    ...(candidates ?? []).map((one) => `  not ${one.route}: ${one.why_not}`),
    ...(more === undefined ? [] : [`  and ${more} more`]),
  ];
}

type Policy = NonNullable<Decisions["policies"]>[number];

function verdictOf({ verdict, code, out }: Policy): string {
  const outs =
    out === undefined ? [] : [`(out: ${ms(out.took_ms)}${out.replaced ? ", replaced" : ""})`];
  return [verdict, ...(code === undefined ? [] : [code]), ...outs].join(" ");
}

type Pick = NonNullable<Decisions["picks"]>[number];

function pickLines({ upstream, backend, why_none: whyNone, others, more }: Pick): string[] {
  const from = upstream === undefined ? "" : ` of ${upstream}`;
  return [
    `pick${from}: ${backend ?? `none${whyNone === undefined ? "" : `, ${whyNone}`}`}`,
    ...(others ?? []).map(
      ({ url, why_not: whyNot, detail }) =>
        `  not ${url}: ${whyNot}${detail === undefined ? "" : ` (${detail})`}`,
    ),
    ...(more === undefined ? [] : [`  and ${more} more`]),
  ];
}

/** Where in the whole time a span is. */
function bar({ at_ms: at, took_ms: took }: Span, total: number): string {
  if (total <= 0) return " ".repeat(BAR);
  const from = Math.min(BAR - 1, Math.floor((at / total) * BAR));
  const length = Math.max(1, Math.min(BAR - from, Math.round((took / total) * BAR)));
  return `${" ".repeat(from)}${"█".repeat(length)}`.padEnd(BAR);
}

const ms = (milliseconds: number): string => `${milliseconds} ms`;
