import { FieldList } from "../../../../src/http/field-list.ts";
import { Answer, type AnswerBody } from "../../../../src/pipeline/answer.ts";
import { Chain } from "../../../../src/pipeline/chain.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import { placeholdersIn } from "../../../../src/pipeline/parsed-texts.ts";
import type { PolicyServices } from "../../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../../src/pipeline/problems.ts";
import { cache } from "../../../../src/policies/cache/cache.ts";
import type { Invalidation } from "../../../../src/policies/cache/invalidation.ts";
import type { ResponseCache } from "../../../../src/policies/cache/response-cache.ts";
import { asResponse, fieldsFrom } from "../../../support/client-request.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { policyServices } from "../../../support/policy-services.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";
import { parsedText } from "../../pipeline/parsed-text.ts";
import { decode } from "../chain.ts";

/** What a backend answers; its status is 200, and its content "content 1", "content 2" and so on. */
export interface Backend {
  readonly status?: number;
  readonly fields?: Record<string, string> | readonly (readonly [string, string])[];
  readonly body?: AnswerBody;
}

type Answering = (exchange: Exchange, count: number) => Backend | Promise<Backend>;

export interface Asked extends Omit<Opening, "url"> {
  /** Changes the exchange as a policy before the cache does. */
  readonly prepare?: (exchange: Exchange) => void;
}

/** A route with a cache and a backend, without sockets. */
export class CachedRoute {
  readonly clock: FakeClock;
  /** What has reached the backend, in order. */
  readonly asked: Exchange[] = [];
  readonly cache: ResponseCache;
  readonly #chain: Chain;
  #answering: Answering = () => ({ fields: { "cache-control": "max-age=60" } });

  constructor(
    written: unknown = true,
    {
      clock = new FakeClock(),
      behind = [],
      invalidation = invalidationWith(clock),
    }: { clock?: FakeClock; behind?: readonly string[]; invalidation?: Invalidation } = {},
  ) {
    this.clock = clock;
    const scope = cache.route!;
    const policy = scope.create(
      decode(scope, written),
      servicesWith(clock, behind),
      "route",
      invalidation,
    );
    this.cache = policy as ResponseCache;
    const toProblem = problemMaker((_exchange, error) => {
      throw error;
    });
    this.#chain = new Chain([invalidation, this.cache], toProblem);
    this.#chain.join({ handle: (exchange) => this.#answer(exchange) });
  }

  /** The backend answers like this from now on. */
  answers(answering: Answering | Backend): this {
    this.#answering = typeof answering === "function" ? answering : () => answering;
    return this;
  }

  /** Asks as a client does, by a path or a URL. */
  async ask(target = "/things", asked: Asked = {}): Promise<Response> {
    const exchange = this.open(target, asked);
    return asResponse(await this.run(exchange), exchange);
  }

  open(target = "/things", { prepare, ...opening }: Asked = {}): Exchange {
    const exchange = openExchange({
      url: new URL(target, "http://gateway.test").href,
      ...opening,
    });
    prepare?.(exchange);
    return exchange;
  }

  async run(exchange: Exchange): Promise<Answer> {
    return this.#chain.run(exchange, { handle: (one) => this.#answer(one) }, (one, answer) => {
      one.answer = answer;
      return answer;
    });
  }

  /** The contents of answers to the same request, one after another. */
  async contents(count: number, target?: string, asked?: Asked): Promise<string[]> {
    const contents: string[] = [];
    for (let at = 0; at < count; at += 1) {
      contents.push(await (await this.ask(target, asked)).text());
    }
    return contents;
  }

  async #answer(exchange: Exchange): Promise<Answer> {
    this.asked.push(exchange);
    const count = this.asked.length;
    const { status = 200, fields = {}, body } = await this.#answering(exchange, count);
    const list = new FieldList(fieldsFrom(fields));
    return new Answer(body === undefined ? `content ${count}` : body, { status, fields: list });
  }
}

export function invalidationWith(clock: FakeClock): Invalidation {
  return cache.beside!(servicesWith(clock)) as Invalidation;
}

function servicesWith(clock: FakeClock, texts: readonly string[] = []): PolicyServices {
  const behind = () => ({ placeholders: placeholdersIn(texts.map(parsedText)), fingerprint: "" });
  return policyServices({ clock, behind });
}

/** The client of an exchange leaves. */
export function leave({ request }: Exchange): void {
  request.cancellation.cancel(new GatewayError("client_closed", "the client left"));
}

/** Cache-Status without what it has in common. */
export function statusOf(answer: Response): string {
  return (answer.headers.get("cache-status") ?? "").replace("gateway; ", "");
}
