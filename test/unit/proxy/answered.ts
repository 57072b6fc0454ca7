import { GatewayError } from "../../../src/pipeline/errors.ts";
import { prepareAnswer } from "../../../src/proxy/response.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { asResponse } from "../pipeline/answers.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { GivenAnswer } from "./network.ts";
import { settingsWith } from "./settings.ts";

export const left = () => new GatewayError("client_closed", "gone");

export function answered(response: Response, opening: Opening = {}, idle = 20_000) {
  const exchange = openExchange(opening);
  const backendAnswer = new GivenAnswer(response);
  const clock = new FakeClock();
  const { cancellation } = exchange;
  const settings = settingsWith({ timeouts: { idle } });
  const prepare = async () =>
    asResponse(prepareAnswer(exchange, { backendAnswer, settings, clock }), exchange);
  return { exchange, clock, cancellation, prepare };
}

/** A Response with a status that the constructor refuses, as fetch makes them. */
export function withStatus(status: number): Response {
  return Object.defineProperty(new Response("x"), "status", { value: status });
}
