import { Value } from "@sinclair/typebox/value";
import { FieldRules } from "../../../src/http/field-rules.ts";
import { Answer } from "../../../src/pipeline/answer.ts";
import { Chain as PolicyChain, type Handler } from "../../../src/pipeline/chain.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import type {
  ConfigIssue,
  Policy,
  PolicyScope,
  PolicyServices,
} from "../../../src/pipeline/policy.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { policyServices } from "../../support/policy-services.ts";
import { openExchange } from "../pipeline/opening.ts";
import { through } from "../pipeline/through.ts";

/** Reads a policy's configuration as from a file: defaults filled in, units decoded. */
export function decode(scope: PolicyScope | undefined, written: unknown): unknown {
  return Value.Decode(scope!.schema, Value.Default(scope!.schema, structuredClone(written)));
}

export function issuesOf(scope: PolicyScope | undefined, written: unknown): ConfigIssue[] {
  return scope!.check!(decode(scope, written));
}

export function policyFrom(
  scope: PolicyScope | undefined,
  written: unknown,
  clock = new FakeClock(),
  name = "default",
  global?: Policy,
  log: PolicyServices["log"] = () => {},
): Policy | undefined {
  const services = policyServices({ clock, log });
  return scope!.create(decode(scope, written), services, name, global);
}

export interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly fields?: Record<string, string>;
  readonly client?: string;
}

/** A chain with a backend at its end. What the backend was asked is kept in `asked`. */
export class Chain {
  readonly asked: Exchange[] = [];
  readonly #policies: readonly Policy[];
  readonly #backend: Handler["handle"];

  constructor(
    policies: readonly (Policy | undefined)[],
    backend: Handler["handle"] = () => new Answer("ok"),
  ) {
    this.#policies = policies.filter((policy) => policy !== undefined);
    this.#backend = backend;
  }

  async send({
    method = "GET",
    host,
    fields = {},
    client = "192.0.2.1",
  }: Asked = {}): Promise<Response> {
    const exchange = openExchange({
      method,
      fields,
      host: host ?? null,
      client: { peer: client, address: client },
      fieldRules: new FieldRules(
        [],
        this.#policies.flatMap(({ ownFields = [] }) => ownFields),
      ),
    });
    const toProblem = problemMaker((_exchange, error) => {
      throw error;
    });
    const chain = new PolicyChain(this.#policies, toProblem);
    return through(chain, exchange, {
      handle: async (exchange) => {
        this.asked.push(exchange);
        return this.#backend(exchange);
      },
    });
  }

  /** Sends that many requests one after another and returns their statuses. */
  async statuses(count: number, asked: Asked = {}): Promise<number[]> {
    const statuses: number[] = [];
    for (let index = 0; index < count; index += 1) statuses.push((await this.send(asked)).status);
    return statuses;
  }
}
