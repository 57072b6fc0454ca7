import type { HedgePlan, RetryPlan } from "../../../../src/proxy/retry/plan.ts";
import type { Failure } from "../../../../src/upstream/outcome.ts";
import { forwarding, type ForwardingChanges } from "../forwarding.ts";
import { type Sent, silence, turn } from "../network.ts";
import type { Changes } from "../settings.ts";

/** As by default, with pauses of half of 100 ms and then half of 200 ms. */
export function retryPlan(changes: Partial<RetryPlan> = {}): RetryPlan {
  return {
    attempts: 3,
    failures: new Set<Failure>(["connect", "reset", "timeout"]),
    statuses: new Set([502, 503, 504]),
    methods: new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]),
    maxBody: 65_536,
    backoff: 100,
    budget: 0.2,
    ...changes,
  };
}

export const hedgePlan = (after = 200): HedgePlan => ({ after, budget: 0.2 });

/** What a backend does with a request. */
export type Act = (sent: Sent) => Response | Promise<Response>;

/** Requests to some backends, which act in the order of the requests, the last one from then on. */
export function backends(
  acts: readonly Act[],
  changes: Changes & Pick<ForwardingChanges, "limits" | "maxInFlight"> & { count?: number } = {},
) {
  const { count = 2, ...settings } = changes;
  let at = 0;
  const answer: Act = (sent) => {
    const act = acts[Math.min(at, acts.length - 1)]!;
    at += 1;
    return act(sent);
  };
  const setting = forwarding(answer, {
    retry: retryPlan(),
    maxInFlight: Array.from({ length: count }, () => Number.POSITIVE_INFINITY),
    ...settings,
  });
  /** The backends asked so far, by their numbers. */
  const asked = () => setting.sent.map(({ url }) => Number(/backend([0-9]+)/.exec(url)?.[1]));
  const inFlight = () => setting.backends.map(({ inFlight }) => inFlight);
  /** Lets time pass, and everything happen that is due then. */
  async function pass(ms: number): Promise<void> {
    await settle();
    setting.clock.advance(ms);
    await settle();
  }
  return { ...setting, asked, inFlight, pass };
}

/** Lets requests and answers on their way arrive. */
export async function settle(): Promise<void> {
  for (let step = 0; step < 20; step += 1) await turn();
}

export function status(code: number, fields: Record<string, string> = {}, body = "failed"): Act {
  const length = { "content-length": `${body.length}` };
  return () => new Response(body, { status: code, headers: { ...length, ...fields } });
}

/** An act that answers when it is told to. */
export function whenTold() {
  const { promise, resolve } = Promise.withResolvers<Act>();
  const act: Act = async (sent) => {
    sent.arrived();
    return (await promise)(sent);
  };
  return { act, tell: resolve };
}

/** Takes the request and never answers. */
export const hanging: Act = (sent) => {
  sent.arrived();
  return silence();
};

export const ok = status(200, {}, "hello");
