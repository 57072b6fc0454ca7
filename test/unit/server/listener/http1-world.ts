import { Answer } from "../../../../src/pipeline/answer.ts";
import type { ClientRequest } from "../../../../src/pipeline/client-request.ts";
import type { Delivery } from "../../../../src/pipeline/delivery.ts";
import type { GatewayError } from "../../../../src/pipeline/errors.ts";
import { Http1Session } from "../../../../src/server/listener/http1/session.ts";
import type { Handle, Session } from "../../../../src/server/listener/session.ts";
import { Line } from "../../../../src/transport/line.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeSocket } from "../../../support/fake-socket.ts";
import { sessionServices } from "./session-services.ts";

/** An answer, and what its listener has reported of it. */
export class FakeDelivery implements Delivery {
  readonly answer: Answer;
  bytes = 0;
  over: "whole" | GatewayError["code"] | undefined = undefined;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  sent(bytes: number): void {
    this.bytes += bytes;
  }

  ended(failure?: GatewayError): void {
    if (this.over !== undefined) throw new Error("the answer has ended before");
    this.over = failure?.code ?? "whole";
  }
}

/** A session on a fake socket; `handle` answers its requests. */
export function http1(handle: (request: ClientRequest) => FakeDelivery | Promise<FakeDelivery>) {
  const clock = new FakeClock();
  const socket = new FakeSocket();
  const line = new Line();
  line.take(socket);
  const requests: ClientRequest[] = [];
  const deliveries: FakeDelivery[] = [];
  const gone: Session[] = [];
  const errors: unknown[] = [];
  const noted: Handle = (request) => {
    requests.push(request);
    const answer = handle(request);
    if (!(answer instanceof Promise)) {
      deliveries.push(answer);
      return answer;
    }
    return answer.then((later) => {
      deliveries.push(later);
      return later;
    });
  };
  const session = new Http1Session(
    line,
    { peer: "192.0.2.1", peerPort: 1234, tls: undefined, isOpen: true },
    sessionServices(clock, noted, {
      gone: (session) => gone.push(session),
      onError: (error) => errors.push(error),
    }),
  );
  return {
    clock,
    socket,
    session,
    requests,
    deliveries,
    gone,
    errors,
    receive: (text: string) => session.received(Buffer.from(text, "latin1")),
  };
}

/** Answers each request with its target. */
export const echo = (request: ClientRequest) => new FakeDelivery(new Answer(request.target));
