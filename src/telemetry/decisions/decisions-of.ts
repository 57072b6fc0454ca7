import type {
  AttemptDecision,
  Decisions,
  Phase,
  PhaseTime,
  PickDecision,
  PolicyDecision,
  PolicyOut,
  Span,
  WaitDecision,
} from "../../pipeline/decisions/decisions.ts";
import type { AttemptRecord, Exchange } from "../../pipeline/exchange.ts";
import { printableJson } from "../../units/printable.ts";
import { thousandths } from "../../units/thousandths.ts";
import { BOUNDS, type Bounds, MOST_CHARACTERS } from "./limits.ts";

/**
 * The JSON of an exchange's decisions, short enough for its row; `now` is the monotonic time of its end.
 * Empty if nothing has been noted.
 */
export function decisionsText(exchange: Exchange, now: number): string {
  const { noting } = exchange;
  if (noting === undefined) return "";
  const routing = noting.routing(exchange);
  let text = "";
  for (const bounds of BOUNDS) {
    text = printableJson({ ...decisionsOf(exchange, now, bounds), ...routing });
    if (text.length <= MOST_CHARACTERS) break;
  }
  return text;
}

function decisionsOf(
  exchange: Exchange,
  now: number,
  bounds: Bounds,
): Omit<Decisions, "route" | "split"> {
  const { cache, attempts, notes } = exchange;
  const policies = policiesOf(exchange);
  const lists = {
    policies: shortened(policies, bounds),
    picks: shortened(notes.picks, bounds).map((pick) => shortPick(pick, bounds)),
    attempts: shortened(attempts, bounds).map((one) => attemptOf(one, exchange, now, bounds)),
    waits: shortened(notes.waits, bounds).map((wait): WaitDecision => {
      const until = wait.until === 0 ? now : wait.until;
      return { for: wait.for, ...span(wait.from, until, exchange) };
    }),
  };
  const kept = Object.values(lists).reduce((sum, { length }) => sum + length, 0);
  const whole = policies.length + notes.picks.length + attempts.length + notes.waits.length;
  const more = whole + notes.more - kept;
  return {
    phases: phasesOf(exchange, now),
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    ...(cache !== "" && { cache }),
    ...(more > 0 && { more }),
  };
}

/** The first half and the last one of what fits. */
function shortened<Item>(list: readonly Item[], { items }: Bounds): readonly Item[] {
  if (list.length <= items) return list;
  const first = Math.ceil(items / 2);
  return [...list.slice(0, first), ...list.slice(list.length - (items - first))];
}

function shortPick(pick: PickDecision, { backends, text }: Bounds): PickDecision {
  const { others = [], more = 0, ...rest } = pick;
  const left = Math.max(0, others.length - backends) + more;
  return {
    ...rest,
    ...(others.length > 0 && {
      others: others
        .slice(0, backends)
        .map((other) =>
          other.detail === undefined ? other : { ...other, detail: cut(other.detail, text) },
        ),
    }),
    ...(left > 0 && { more: left }),
  };
}

function attemptOf(
  { backend, startedAt, endedAt, outcome, status, failure }: AttemptRecord,
  exchange: Exchange,
  now: number,
  { text }: Bounds,
): AttemptDecision {
  const { redaction, fields } = exchange;
  return {
    backend,
    outcome,
    ...span(startedAt, endedAt === 0 ? now : endedAt, exchange),
    ...(status !== 0 && { status }),
    ...(failure !== undefined && {
      error: cut(redaction.message(failure.message, fields.all), text),
    }),
  };
}

function policiesOf(exchange: Exchange): PolicyDecision[] {
  const { policies = [], turnedAt, passedAt = [], routedAt, refusedBy, errorCode } = exchange;
  const reached = turnedAt === -1 ? policies.length : turnedAt + 1;
  const outs = leavingsOf(exchange);
  let from = routedAt;
  return policies.slice(0, reached).flatMap(({ name, shownAs = name }, at): PolicyDecision[] => {
    const until = passedAt[at] ?? from;
    const times = span(from, until, exchange);
    from = until;
    const hasTurned = at === turnedAt;
    const isRefusal = hasTurned && refusedBy !== "";
    const out = outs.get(at);
    if (shownAs === "" && !hasTurned && out?.replaced !== true) return [];
    const verdict = hasTurned ? (isRefusal ? "refused" : "answered") : "passed";
    return [
      {
        name: shownAs === "" ? name : shownAs,
        verdict,
        ...(isRefusal && errorCode !== undefined && { code: errorCode }),
        ...times,
        ...(out !== undefined && { out }),
      },
    ];
  });
}

function leavingsOf(exchange: Exchange): ReadonlyMap<number, PolicyOut> {
  const outs = new Map<number, PolicyOut>();
  let from = exchange.notes.outFrom;
  for (const { at, until, replaced } of exchange.notes.leavings) {
    outs.set(at, { ...span(from, until, exchange), replaced });
    from = until;
  }
  return outs;
}

/** The parts of its time, without gaps, each beginning where the one before ended. */
function phasesOf(exchange: Exchange, now: number): PhaseTime[] {
  const { attempts, routedAt, passedAt, leftAt, headersAt, notes } = exchange;
  const sentAt = attempts[0]?.startedAt ?? 0;
  const lastAt = attempts.reduce((last, { endedAt }) => Math.max(last, endedAt), 0);
  const ends: readonly (readonly [Phase, number])[] = [
    ["route", routedAt],
    ["in", passedAt?.at(-1) ?? 0],
    ["pick", sentAt === 0 && exchange.turnedAt === -1 ? notes.outFrom : sentAt],
    ["send", sentAt === 0 ? 0 : headersAt === 0 ? lastAt || now : headersAt],
    ["out", leftAt],
    ["content", now],
  ];
  let from = exchange.started;
  return ends.flatMap(([phase, at]): PhaseTime[] => {
    if (at < from) return [];
    const times = span(from, at, exchange);
    from = at;
    return [{ phase, ...times }];
  });
}

function span(from: number, until: number, { started }: Exchange): Span {
  return {
    at_ms: thousandths(from - started),
    took_ms: thousandths(Math.max(0, until - from)),
  };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
