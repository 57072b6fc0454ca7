import type { Field } from "../../../../../src/http/field.ts";
import { FieldList } from "../../../../../src/http/field-list.ts";
import { Answer, type AnswerBody } from "../../../../../src/pipeline/answer.ts";
import type { ClientRequest } from "../../../../../src/pipeline/client-request.ts";
import type { ContentReader, ReadResult } from "../../../../../src/pipeline/content.ts";
import type { Delivery } from "../../../../../src/pipeline/delivery.ts";
import type { GatewayError } from "../../../../../src/pipeline/errors.ts";
import { Http2Session } from "../../../../../src/server/listener/http2/session.ts";
import type { Handle } from "../../../../../src/server/listener/session.ts";
import { EndOfTurn } from "../../../../../src/time/end-of-turn.ts";
import { Line } from "../../../../../src/transport/line.ts";
import { BatchBuffers } from "../../../../../src/wire/http2/frame-sender.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { FakeSocket } from "../../../../support/fake-socket.ts";
import { describeFrames } from "../../../../support/http2-frames.ts";
import { LIMITS, Side } from "../../../../support/http2-pair.ts";
import { sessionServices } from "../session-services.ts";

/** A delivery that notes what is reported to it. */
export class TestDelivery implements Delivery {
  readonly answer: Answer;
  bytes = 0;
  readonly ends: (GatewayError | undefined)[] = [];

  constructor(answer: Answer) {
    this.answer = answer;
  }

  sent(bytes: number): void {
    this.bytes += bytes;
  }

  ended(failure?: GatewayError): void {
    this.ends.push(failure);
  }
}

export function delivery(body: AnswerBody, status = 200, fields: Field[] = []): TestDelivery {
  return new TestDelivery(new Answer(body, { status, fields: new FieldList(fields) }));
}

/** Content whose pieces are handed in by the test. */
export class Pieces implements ContentReader {
  readonly length: number | undefined;
  trailers: readonly Field[] | undefined = undefined;
  cancelled: unknown[] = [];
  #pieces: (ReadResult | Error)[] = [];
  #reading: ((result: ReadResult | Promise<ReadResult>) => void) | undefined;

  constructor(length?: number) {
    this.length = length;
  }

  push(piece: string | Buffer): void {
    this.#give({ done: false, value: Buffer.from(piece) });
  }

  end(trailers?: readonly Field[]): void {
    this.trailers = trailers;
    this.#give({ done: true });
  }

  fail(error: Error): void {
    this.#give(error);
  }

  read(): ReadResult | Promise<ReadResult> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) return piece instanceof Error ? Promise.reject(piece) : piece;
    return new Promise((resolve) => {
      this.#reading = resolve;
    });
  }

  cancel(reason: unknown): Promise<void> {
    this.cancelled.push(reason);
    this.#give({ done: true });
    return Promise.resolve();
  }

  #give(result: ReadResult | Error): void {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading === undefined) this.#pieces.push(result);
    else reading(result instanceof Error ? Promise.reject(result) : result);
  }
}

/** A session with a client that speaks HTTP/2 by our own connection. */
export class Stage {
  readonly clock = new FakeClock();
  readonly socket = new FakeSocket();
  readonly client = new Side("client", LIMITS, this.clock);
  readonly session: Http2Session;
  readonly requests: ClientRequest[] = [];
  readonly misuses: string[] = [];
  readonly errors: unknown[] = [];
  gone = 0;
  #defers: (() => void)[] = [];

  constructor(handle: Handle, maxHeaderSize = 16_384) {
    const line = new Line();
    line.take(this.socket);
    const connection = { peer: "192.0.2.1", peerPort: 1, tls: undefined, isOpen: true };
    this.session = new Http2Session(
      line,
      connection,
      sessionServices(
        this.clock,
        (request) => {
          this.requests.push(request);
          return handle(request);
        },
        {
          maxHeaderSize,
          gone: () => (this.gone += 1),
          onMisuse: (connection, reason) => this.misuses.push(`${connection.peer}: ${reason}`),
          onError: (error) => this.errors.push(error),
        },
      ),
      {
        buffers: new BatchBuffers(),
        flushes: new EndOfTurn(
          (connection) => connection.flush(),
          (callback) => this.#defers.push(callback),
        ),
      },
    );
  }

  endTurn(): void {
    const defers = this.#defers;
    this.#defers = [];
    for (const callback of defers) callback();
  }

  /** Lets both sides talk until nothing moves; promises are settled meanwhile. */
  async settle(): Promise<void> {
    for (let round = 0; round < 1000; round += 1) {
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
      this.client.endTurn();
      this.endTurn();
      const up = this.client.line.take();
      const down = this.socket.take();
      if (up.length === 0 && down.length === 0) return;
      if (up.length > 0) this.session.received(up);
      if (down.length > 0) this.client.connection.received(down);
    }
    throw new Error("they never stop");
  }

  /** Hands bytes to the session, and returns the frames that it answers with. */
  async frames(...bytes: readonly Buffer[]): Promise<string[]> {
    this.session.received(Buffer.concat(bytes));
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.resolve();
      this.endTurn();
    }
    return describeFrames(this.socket.take());
  }
}
