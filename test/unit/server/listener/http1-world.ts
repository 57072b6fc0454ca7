import { Answer } from "../../../../src/pipeline/answer.ts";
import type { ClientRequest } from "../../../../src/pipeline/client-request.ts";
import type { Delivery } from "../../../../src/pipeline/delivery.ts";
import type { GatewayError } from "../../../../src/pipeline/errors.ts";
import { DateLine } from "../../../../src/server/listener/date-line.ts";
import { Http1Session } from "../../../../src/server/listener/http1/session.ts";
import type { Expiring, SessionLimits } from "../../../../src/server/listener/services.ts";
import type { Handle, Session } from "../../../../src/server/listener/session.ts";
import { Timeout } from "../../../../src/time/timeout.ts";
import { Line, type RawSocket } from "../../../../src/transport/line.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { RequestHeadReader } from "../../../../src/wire/request-head.ts";

/** A client's socket that takes as many bytes as a test lets it. */
export class FakeSocket implements RawSocket {
  readonly writes: string[] = [];
  /** What else was done to it. */
  readonly done: string[] = [];
  /** How many bytes it takes before it is full. */
  room = Number.POSITIVE_INFINITY;

  write(data: string | Uint8Array): number {
    const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
    const taken = bytes.subarray(0, this.room);
    this.room -= taken.length;
    if (taken.length > 0) this.writes.push(taken.toString("latin1"));
    return taken.length;
  }

  pause(): void {
    this.done.push("pause");
  }

  resume(): void {
    this.done.push("resume");
  }

  shutdown(): void {
    this.done.push("shutdown");
  }

  end(): void {
    this.done.push("end");
  }

  setKeepAlive(): void {}

  terminate(): void {
    this.done.push("terminate");
  }

  get text(): string {
    return this.writes.join("");
  }
}

/** An answer, and what its listener has told of it. */
export class Told implements Delivery {
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
export function http1(handle: (request: ClientRequest) => Told | Promise<Told>) {
  const clock = new FakeClock();
  const socket = new FakeSocket();
  const line = new Line();
  line.take(socket);
  const requests: ClientRequest[] = [];
  const deliveries: Told[] = [];
  const gone: Session[] = [];
  const errors: unknown[] = [];
  const timeout = (milliseconds: number) =>
    new Timeout<Expiring>(clock, milliseconds, (session) => session.timeIsUp());
  const limits: SessionLimits = {
    maxHeaderSize: 1_000,
    opening: timeout(10_000),
    header: timeout(10_000),
    keepAlive: timeout(75_000),
    stalled: timeout(75_000),
  };
  const noted: Handle = (request) => {
    requests.push(request);
    const answer = handle(request);
    if (!(answer instanceof Promise)) {
      deliveries.push(answer);
      return answer;
    }
    return answer.then((told) => {
      deliveries.push(told);
      return told;
    });
  };
  const session = new Http1Session(
    line,
    { peer: "192.0.2.1", peerPort: 1234, tls: undefined, isOpen: true },
    {
      handle: noted,
      clock,
      dateLine: new DateLine(clock),
      heads: new RequestHeadReader(),
      limits,
      gone: (session) => gone.push(session),
      onError: (error) => errors.push(error),
    },
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
export const echo = (request: ClientRequest) => new Told(new Answer(request.target));
