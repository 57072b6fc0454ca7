import { AnswerHeadReader } from "../wire/answer-head.ts";
import type { Clock } from "../time/clock.ts";
import { GatewayError } from "../pipeline/errors.ts";
import { Timeout } from "../time/timeout.ts";
import type { Probe } from "../upstream/health/probe.ts";
import { Attempt, type BackendRequest } from "./attempt.ts";
import { Cancellation } from "../pipeline/cancellation.ts";
import { Address } from "./address.ts";
import { NoDescriptorsError } from "./descriptors.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { Names } from "./names.ts";
import type { IncomingAnswer } from "./incoming-answer.ts";

const FIELDS = ["user-agent", "gateway-health-check", "connection", "close"];

/** Probes over the network, each time on a new connection, to show that one can be opened. */
export function networkProbe(clock: Clock, names: Names = new Names(clock)): Probe {
  // The caller has a timeout of its own.
  const unlimited = new Timeout<Attempt>(clock, 0, () => {});
  return async function probe(to, path, signal) {
    const cancellation = new Cancellation();
    const end = () => cancellation.cancel(new GatewayError("client_closed", "the check was ended"));
    signal.addEventListener("abort", end, { once: true });
    const request: BackendRequest = {
      backend: to.origin,
      to,
      method: "GET",
      target: path,
      fields: FIELDS,
      upgrade: undefined,
      body: null,
      bodySent: undefined,
      timeout: unlimited,
      cancellation,
      from: NOBODY,
    };
    const attempt = new Attempt(request, clock.monotonic());
    try {
      const answer = await attempt.sendBy((sent) =>
        new Asking(new Address(to, names, clock)).again(sent),
      );
      return { status: answer.status, location: answer.fields.get("location") ?? undefined };
    } catch (error) {
      throw networkErrorIn(error);
    } finally {
      // The status is enough; the content could be endless.
      end();
    }
  };
}

const NOBODY = { clientConnection: undefined };

/** Owns one connection, for one attempt. */
class Asking implements ConnectionOwner {
  readonly heads = new AnswerHeadReader();
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  again(attempt: Attempt): void {
    this.#address.dial(new Connection(this, attempt));
  }

  connected(connection: Connection): void {
    this.#address.settled(connection);
  }

  sendSoon(connection: Connection): void {
    connection.sendNow();
  }

  reserve(): undefined {}

  answeredSoon(attempt: Attempt, answer: IncomingAnswer): void {
    attempt.succeed(answer);
  }

  idle(connection: Connection): void {
    connection.close();
  }

  idleForLong(): void {}

  gone(connection: Connection): void {
    this.#address.settled(connection);
  }
}

/** The underlying network error, if there is one. */
function networkErrorIn(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error instanceof NoDescriptorsError) return error;
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? cause : error;
}
