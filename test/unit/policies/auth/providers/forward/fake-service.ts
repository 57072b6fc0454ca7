import { Value } from "@sinclair/typebox/value";
import type { Fetch } from "../../../../../../src/http/fetch.ts";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { forward } from "../../../../../../src/policies/auth/providers/forward/forward.ts";
import type { Answer } from "../../../../../../src/pipeline/answer.ts";
import { Chain, type Handler } from "../../../../../../src/pipeline/chain.ts";
import type { Exchange } from "../../../../../../src/pipeline/exchange.ts";
import type { Policy } from "../../../../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../../../../src/pipeline/problems.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import { policyServices } from "../../../../../support/policy-services.ts";
import { answerWith } from "../../../../pipeline/answers.ts";
import { type Opening, openExchange } from "../../../../pipeline/opening.ts";

export const SERVICE_URL = "http://auth.test/verify?app=1";

/** A question that the service was asked. */
export interface Asked {
  readonly url: string;
  readonly init: BunFetchRequestInit;
  readonly fields: Headers;
  /** Answers it. */
  answer(response: Response): void;
  /** Ends its connection. */
  fail(error: Error): void;
}

/** A service that answers when a test says so, and a route that asks it. */
export class FakeService {
  readonly clock = new FakeClock();
  readonly asked: Asked[] = [];
  readonly logged: string[] = [];
  /** The exchanges that went on to the backend. */
  readonly passed: Exchange[] = [];
  readonly #chain: Chain;
  readonly #answers: ((asked: Asked) => void)[] = [];

  constructor(settings: Readonly<Record<string, unknown>> | string = {}, shared: object = {}) {
    const { global, route } = authPolicy([forward]);
    const config = typeof settings === "string" ? settings : { url: SERVICE_URL, ...settings };
    const decoded: unknown = Value.Decode(
      global!.schema,
      Value.Default(global!.schema, { sso: { forward: config, ...shared } }),
    );
    const services = policyServices({
      clock: this.clock,
      fetch: this.#fetch,
      log: (_level, message) => this.logged.push(message),
    });
    const providers = global!.create(decoded, services, "default");
    const own = route!.create(["sso"], services, "/things", providers);
    const policies = [providers, own].filter((policy): policy is Policy => policy !== undefined);
    const toProblem = problemMaker((_exchange, error) => {
      throw error;
    });
    this.#chain = new Chain(policies, toProblem);
  }

  /** Has the next questions answered at once, each in its way. */
  next(...responses: (() => Response)[]): this {
    for (const respond of responses) this.#answers.push((asked) => asked.answer(respond()));
    return this;
  }

  /** Sends a request; resolves with the client's answer. */
  async send(opening: Opening = {}): Promise<Answer> {
    return this.begin(opening).answer;
  }

  begin(opening: Opening = {}): { readonly exchange: Exchange; readonly answer: Promise<Answer> } {
    const exchange = openExchange(opening);
    const backend: Handler = {
      handle: (one) => {
        this.passed.push(one);
        return answerWith("from the backend", { "cache-control": "max-age=60" });
      },
    };
    const answer = this.#chain.run(exchange, backend, (_exchange, given) => given);
    return { exchange, answer: Promise.resolve(answer) };
  }

  readonly #fetch: Fetch = (url, init) =>
    new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(error);
      init.signal?.addEventListener("abort", () => fail(new Error("aborted")));
      const asked = { url, init, fields: new Headers(init.headers), answer: resolve, fail };
      this.asked.push(asked);
      this.#answers.shift()?.(asked);
    });
}

/** A response with fields that may repeat. */
export function respond(
  status: number,
  fields: readonly (readonly [string, string])[] = [],
  content: string | null = null,
): () => Response {
  return () => {
    const headers = new Headers();
    for (const [name, value] of fields) headers.append(name, value);
    return new Response(content, { status, headers });
  };
}
