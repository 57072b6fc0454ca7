import type { Exchange } from "../../pipeline/exchange.ts";
import type { Attempt } from "../../transport/attempt.ts";
import type { Backend } from "../../upstream/backend.ts";
import type { Ring } from "../attempts.ts";
import { notePick } from "../note-pick.ts";
import type { Content } from "../request.ts";
import type { ForwardRoute } from "../route.ts";
import { trialAt } from "../trial.ts";
import { discard } from "./discard.ts";
import { type Finish, Race } from "./race.ts";

/** Whether a request may have a second attempt while the first one goes on. */
export function isHedgeable({ outgoing }: Exchange, { body }: Content): boolean {
  return body === null && (outgoing.method === "GET" || outgoing.method === "HEAD");
}

/**
 * Sends an attempt of the ring's backend and perhaps a second one, and makes the backend of the one that
 * decides the ring's. `another` makes an attempt at a backend.
 */
export async function hedged(
  ring: Ring,
  first: Attempt,
  another: (backend: Backend) => Attempt,
  { route, exchange }: HedgeOptions,
): Promise<Finish> {
  const { transport, clock, settings, timeouts, upstream } = route;
  const race = new Race({
    transport,
    cancellation: exchange.cancellation,
    timeout: timeouts.hedge,
    second() {
      const backend = pickSecond(ring, { route, exchange });
      if (backend === undefined) return undefined;
      notePick(exchange, upstream, backend, new Set(ring.tried).add(ring.backend));
      backend.inFlight += 1;
      ring.isHedged = true;
      const attempt = another(backend);
      attempt.trial = trialAt(backend);
      return { backend, attempt };
    },
    isGood: ({ status }) => settings.retry?.statuses.has(status) !== true,
    failed({ attempt, backend }, error) {
      ring.noteFailure(attempt, backend, exchange.cancellation.reason ?? error);
      ring.tried.add(backend);
      backend.inFlight -= 1;
    },
    answered({ attempt, backend }, answer) {
      attempt.endedAt = clock.monotonic();
      backend.health.reached();
      ring.noteAnswer(attempt, backend, answer);
      ring.tried.add(backend);
      backend.inFlight -= 1;
      if (answer.content !== undefined) void discard(answer.content, clock);
    },
    outrun({ attempt, backend }) {
      attempt.endedAt = clock.monotonic();
      attempt.outcome = "outrun";
      backend.inFlight -= 1;
      attempt.trial?.ended(undefined);
      upstream.observer?.outrun?.(backend, attempt.endedAt - attempt.startedAt);
    },
  });
  const finish = await race.run({ attempt: first, backend: ring.backend });
  ring.backend = finish.backend;
  return finish;
}

interface HedgeOptions {
  readonly route: ForwardRoute;
  readonly exchange: Exchange;
}

/** The backend of the second attempt, taken from the budget; undefined if there is to be none. */
function pickSecond(ring: Ring, { route, exchange }: HedgeOptions): Backend | undefined {
  const { upstream, settings, clock } = route;
  const { attempts, cancellation } = exchange;
  if (cancellation.reason !== undefined) return undefined;
  if (settings.retry !== undefined && attempts.length >= settings.retry.attempts) return undefined;
  // It never waits, and takes no place from those who do: they would have it if they could use it.
  if (upstream.isFull) return undefined;
  const backend = upstream.pickAvailable(exchange, new Set(ring.tried).add(ring.backend));
  if (backend === undefined) return undefined;
  const share = settings.hedge?.budget ?? 0;
  return upstream.retryBudget?.take(share, clock.monotonic()) === false ? undefined : backend;
}
