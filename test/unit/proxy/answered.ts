import { GatewayError } from "../../../src/pipeline/errors.ts";
import { leaving } from "../../../src/pipeline/leaving.ts";
import { BufferBudget } from "../../../src/proxy/buffer-budget.ts";
import { prepareAnswer } from "../../../src/proxy/response.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { asResponse } from "../pipeline/answers.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { GivenAnswer } from "./network.ts";
import { settingsWith } from "./settings.ts";

export const left = () => new GatewayError("client_closed", "gone");

export const BUDGET = 60_000;

export function answered(response: Response, opening: Opening = {}, idle = 20_000) {
  const exchange = openExchange(opening);
  const backendAnswer = new GivenAnswer(response);
  const clock = new FakeClock();
  const { cancellation } = exchange;
  const budget = new BufferBudget(BUDGET);
  const settings = settingsWith({ timeouts: { idle } });
  const timeouts = new RouteTimeoutSets(clock).of(settings.timeouts);
  const prepare = async () =>
    asResponse(
      leaving(
        exchange,
        await prepareAnswer(exchange, {
          backendAnswer,
          settings,
          timeouts,
          budget,
          clock,
        }),
      ),
    );
  /** Whether nothing is set aside any more. */
  const isGivenBack = () => budget.take(BUDGET);
  return { exchange, clock, cancellation, budget, isGivenBack, prepare };
}

/** A Response with a status that the constructor refuses, as fetch makes them. */
export function withStatus(status: number): Response {
  return Object.defineProperty(new Response("x"), "status", { value: status });
}
