import type { Exchange } from "../../../../pipeline/exchange.ts";
import type { Clock } from "../../../../time/clock.ts";
import { Flight } from "../../flight.ts";
import type { Proof } from "../../provider.ts";
import { Admissions } from "./admissions.ts";
import type { Question } from "./question.ts";
import type { AuthService, ServiceAnswer } from "./service.ts";
import { type Meaning, meaningOf, type Received } from "./meaning.ts";

/** What was decided on a request, and the answer that it was decided by. */
export interface Decision {
  readonly meaning: Exclude<Meaning, { kind: "nonsense" }>;
  readonly answer: ServiceAnswer;
}

export interface CacheSettings {
  readonly forMs: number;
  readonly entries: number;
  /** The fields of the client's that tell clients apart, in lower case. */
  readonly by: ReadonlySet<string>;
  /** Whether what is asked for tells admissions apart too. */
  readonly perRequest: boolean;
}

const MOST_BYTES = 33_554_432;

/** Has the service decide, or knows its decision already. Lives as long as its configuration. */
export class Deciding {
  readonly #service: AuthService;
  readonly #received: Received;
  readonly #clock: Clock;
  readonly #cache: CacheSettings | undefined;
  readonly #admissions: Admissions;
  /** Questions on their way whose answers others may share, by what they ask. */
  readonly #flights = new Map<string, Flight<Decision>>();

  constructor(
    service: AuthService,
    received: Received,
    clock: Clock,
    cache: CacheSettings | undefined,
  ) {
    this.#service = service;
    this.#received = received;
    this.#clock = clock;
    this.#cache = cache;
    const { forMs = 0, entries = 0 } = cache ?? {};
    this.#admissions = new Admissions(clock, { forMs, entries, bytes: MOST_BYTES });
  }

  /** Rejects with a GatewayError if there is no decision, or the exchange has ended meanwhile. */
  decide(exchange: Exchange, question: Question): Proof | Promise<Decision> {
    if (this.#cache === undefined) return this.#alone(exchange, question);
    const key = keyOf(question, this.#cache);
    return this.#admissions.get(key) ?? this.#shared(exchange, question, key);
  }

  async #alone({ cancellation }: Exchange, question: Question): Promise<Decision> {
    const controller = new AbortController();
    cancellation.interrupts({ interrupt: () => controller.abort() });
    try {
      if (cancellation.reason !== undefined) throw cancellation.reason;
      return await this.#ask(question, controller);
    } catch (error) {
      throw cancellation.reason ?? error;
    }
  }

  async #shared(exchange: Exchange, question: Question, key: string): Promise<Decision> {
    const { cancellation } = exchange;
    const known = this.#flights.get(key);
    if (known === undefined) return this.#begin(question, key).join(cancellation);
    const decision = await known.join(cancellation);
    // A login page, or a session that goes on, is for one client alone.
    return isForAll(decision) ? decision : this.#alone(exchange, question);
  }

  #begin(question: Question, key: string): Flight<Decision> {
    const controller = new AbortController();
    const end = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    const result = this.#askToKeep(question, key, controller).finally(end);
    const flight = new Flight(result, () => {
      end();
      controller.abort();
    });
    this.#flights.set(key, flight);
    return flight;
  }

  async #askToKeep(
    question: Question,
    key: string,
    controller: AbortController,
  ): Promise<Decision> {
    const asked = this.#clock.monotonic();
    const decision = await this.#ask(question, controller);
    const { meaning } = decision;
    if (meaning.kind === "admitted" && meaning.isForKeeping) {
      this.#admissions.keep(key, meaning.proof, asked);
    }
    return decision;
  }

  async #ask({ sent, about, other }: Question, controller: AbortController): Promise<Decision> {
    const answer = await this.#service.ask([...sent, ...about, ...other], controller);
    const meaning = meaningOf(answer, this.#received);
    if (meaning.kind === "nonsense") throw this.#service.failed(meaning.reason);
    this.#service.works();
    return { meaning, answer };
  }
}

function isForAll({ meaning }: Decision): boolean {
  return meaning.kind === "admitted" && meaning.isForKeeping;
}

/** A digest, so that no credentials are kept. Questions with the same one ask the same. */
function keyOf({ sent, about }: Question, { by, perRequest }: CacheSettings): string {
  const credentials = sent.filter(([name]) => by.has(name));
  const asked = JSON.stringify([credentials, perRequest ? about : null]);
  return new Bun.CryptoHasher("sha256").update(asked).digest("base64");
}
