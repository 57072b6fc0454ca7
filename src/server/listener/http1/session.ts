import type { Field } from "../../../http/field.ts";
import type { Channel } from "../../../pipeline/channel.ts";
import type { ClientConnection, RequestRefusal } from "../../../pipeline/client-request.ts";
import type { Delivery } from "../../../pipeline/delivery.ts";
import { GatewayError } from "../../../pipeline/errors.ts";
import type { Line } from "../../../transport/line.ts";
import { LineChannel } from "../../../transport/line-channel.ts";
import type { RequestHead } from "../../../wire/request-head.ts";
import { clientLeft } from "../failures.ts";
import { Lingering } from "../lingering.ts";
import type { Expiring, SessionServices } from "../services.ts";
import type { Session } from "../session.ts";
import { Waiting } from "../waiting.ts";
import { CLOSE, interimHead, KEEP_ALIVE, UPGRADE } from "./answer-head.ts";
import { asBytes } from "./outbox.ts";
import { HalfClosedClient } from "./half-closed.ts";
import { Http1Request, type RequestOwner } from "./request.ts";
import { RequestReader, refusalOf } from "./request-reader.ts";
import {
  closes,
  isOfUnknownLength,
  type Sending,
  type SendingOwner,
  sendAnswer,
} from "./send-answer.ts";

/** Bytes of further requests that wait while one is under way. */
const MOST_PIPELINED = 65_536;
/** Bytes of content that nobody wants and that are read all the same, to keep the connection. */
const READ_AND_DROPPED = 65_536;

type State = "requests" | "lingering" | "tunnel" | "closed";

/**
 * HTTP/1.1 (RFC 9112) on one client's connection:
 *
 *   header section ─▶ content ─▶ answer ─▶ header section ─▶ …
 *         │              │          ├─▶ tunnel
 *         └──────────────┴──────────┴─▶ lingering ─▶ closed
 *
 * One request is under way at a time; what a client sends in advance waits, within bounds.
 */
export class Http1Session implements Session, RequestOwner, SendingOwner, Expiring {
  readonly connection: ClientConnection;
  readonly #line: Line;
  readonly #services: SessionServices;
  readonly #reader: RequestReader;
  #state: State = "requests";
  #current: Http1Request | undefined;
  /** The current request's answer, while it is being sent. */
  #sending: Sending | undefined;
  /** Whether the current request's answer has been sent, but its content not been read. */
  #isAnswered = false;
  #persists = true;
  #isDraining = false;
  /** Set once the client has closed its sending side in the middle of an exchange. */
  #halfClosed: HalfClosedClient | undefined;
  #lingering: Lingering | undefined;
  #channel: LineChannel | undefined;
  readonly #waiting = new Waiting<Expiring>(this);
  /** Bytes that waited for the client when its time began. */
  #queuedBefore = 0;

  constructor(line: Line, connection: ClientConnection, services: SessionServices) {
    this.#line = line;
    this.connection = connection;
    this.#services = services;
    this.#reader = new RequestReader(services.heads);
    this.#waiting.begin(services.limits.opening);
  }

  get isIdle(): boolean {
    return this.#state === "requests" && this.#current === undefined && !this.#reader.hasUnread;
  }

  get client(): string {
    return this.connection.peer;
  }

  received(bytes: Buffer): void {
    switch (this.#state) {
      case "requests":
        // What comes after the end would be an exchange that nobody hears of.
        if (this.#line.isOver) return;
        this.#reader.add(bytes);
        this.#readOn();
        return;
      case "tunnel":
        this.#channel?.received(bytes);
        return;
      case "lingering":
        this.#lingering?.received(bytes);
        return;
      case "closed":
    }
  }

  drained(): void {
    this.#line.drained();
    this.#channel?.drained();
  }

  ended(): void {
    if (this.#channel !== undefined) {
      this.#channel.ended();
      return;
    }
    if (this.#current === undefined || this.#state === "lingering") {
      this.#line.end("close");
    } else if (this.#reader.isContentOver) {
      const { clock } = this.#services;
      const sending = () => this.#sending;
      this.#halfClosed = new HalfClosedClient(this.#line, clock, this.#current, sending);
    } else this.#line.end("cut");
  }

  closed(cause: Error | undefined): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#waiting.end();
    this.#halfClosed?.end();
    this.#lingering?.closed();
    this.#line.end("cut");
    this.#services.gone(this);
    const current = this.#current;
    current?.cancellation.cancel(clientLeft());
    current?.content?.fail(clientLeft());
    this.#channel?.closed(cause);
  }

  drain(): void {
    this.#isDraining = true;
    if (this.isIdle) this.#line.end("close");
  }

  cut(reason: GatewayError): void {
    this.#isDraining = true;
    if (this.#current === undefined) this.#line.end("close");
    else this.#current.cancellation.cancel(reason);
  }

  rest(): void {
    this.#reader.rest();
  }

  destroy(): void {
    this.#line.end("cut");
  }

  timeIsUp(): void {
    const current = this.#current;
    if (current === undefined && this.#reader.hasUnread) {
      this.#refuse({ status: 408, detail: "the header section did not arrive in time" });
    } else if (current === undefined || this.#isAnswered) this.#line.end("close");
    else if (this.#line.queued < this.#queuedBefore) this.waitsForClient();
    else {
      const detail = "the client does not read the answer";
      current.cancellation.cancel(new GatewayError("client_stalled", detail));
      this.#line.end("cut");
    }
  }

  waitsForClient(): void {
    this.#queuedBefore = this.#line.queued;
    this.#waiting.begin(this.#services.limits.stalled);
  }

  pauseContent(): void {
    this.#line.pause();
  }

  resumeContent(): void {
    this.#line.resume();
  }

  wanted(request: Http1Request): void {
    if (!request.expectsContinue || this.#sending !== undefined || request !== this.#current)
      return;
    request.expectsContinue = false;
    if (!this.#reader.isContentBegun) this.#line.write(interimHead(100, []));
  }

  abandoned(request: Http1Request): void {
    if (request !== this.#current) return;
    this.#reader.discardContent();
    this.#line.resume();
  }

  interim(request: Http1Request, status: number, fields: readonly Field[]): void {
    if (request !== this.#current || this.#sending !== undefined || request.protocol === "HTTP/1.0")
      return;
    this.#line.write(asBytes(interimHead(status, fields)));
  }

  interrupted(request: Http1Request): void {
    // A tunnel ends in a way of its own.
    if (this.#state === "tunnel" || request !== this.#current) return;
    if (this.#sending !== undefined) this.#line.end("cut");
  }

  /** Reads as much of what has arrived as can be read now. */
  #readOn(): void {
    while (this.#state === "requests") {
      const current = this.#current;
      if (current === undefined) {
        if (!this.#beginNext()) return;
      } else if (this.#reader.isContentOver) {
        if (this.#reader.unreadBytes > MOST_PIPELINED) this.#line.pause();
        return;
      } else {
        this.#readContent(current);
        if (!this.#reader.isContentOver) return;
        if (this.#isAnswered) this.#next();
      }
    }
  }

  /** Begins with the next request. False if its header section is not complete. */
  #beginNext(): boolean {
    const { limits } = this.#services;
    let head: RequestHead | undefined;
    try {
      head = this.#reader.readHead(limits.maxHeaderSize);
    } catch (error) {
      this.#refuse(refusalOf(error));
      return true;
    }
    if (head === undefined) {
      if (this.#reader.hasUnread && !this.#waiting.isBy(limits.header)) {
        this.#waiting.begin(limits.header);
      }
      return false;
    }
    this.#waiting.end();
    this.#persists = head.persists;
    this.#begin(new Http1Request(this, head));
    return true;
  }

  #refuse(refusal: RequestRefusal): void {
    this.#waiting.end();
    this.#persists = false;
    const head = this.#reader.unreadableHead();
    this.#begin(new Http1Request(this, head, refusal));
  }

  #begin(request: Http1Request): void {
    this.#current = request;
    this.#sending = undefined;
    this.#isAnswered = false;
    this.#readContent(request);
    const pending = this.#services.handle(request);
    if (pending instanceof Promise) {
      pending.then(
        (delivery) => this.#answer(request, delivery),
        (error) => this.#failed(error),
      );
    } else this.#answer(request, pending);
  }

  /** Neither the gateway nor the app fails; if one does, no answer can be given. */
  #failed(error: unknown): void {
    this.#services.onError(error);
    this.#line.end("cut");
  }

  #readContent({ content, cancellation }: Http1Request): void {
    if (content === undefined) return;
    try {
      this.#reader.readContent(content);
    } catch (error) {
      const { detail } = refusalOf(error);
      this.#persists = false;
      this.#reader.giveUpContent();
      const failure = new GatewayError("bad_request", detail);
      cancellation.cancel(failure);
      content.fail(failure);
    }
  }

  #answer(request: Http1Request, delivery: Delivery): void {
    const { answer } = delivery;
    if (request !== this.#current || this.#line.isOver) {
      answer.discard(undefined);
      delivery.ended(request.cancellation.reason ?? clientLeft());
      return;
    }
    const isUpgrade = answer.status === 101 && answer.tunnel !== undefined;
    const takesChunks = request.protocol !== "HTTP/1.0";
    const needsClose = !takesChunks && isOfUnknownLength(delivery);
    // A client may have sent what is meant for the tunnel that it does not get.
    this.#persists &&= request.method !== "CONNECT";
    this.#persists &&=
      !this.#isDraining && !needsClose && !this.#leavesContent(request) && !closes(delivery);
    this.#sending = {
      owner: this,
      asked: 0,
      line: this.#line,
      cancellation: request.cancellation,
      isForHead: request.method === "HEAD",
      takesChunks,
      connection: isUpgrade ? UPGRADE : this.#connectionLine(request),
      date: this.#services.dateLine.text,
    };
    const result = sendAnswer(delivery, this.#sending);
    if (result instanceof Promise) void result.then((failure) => this.#sent(delivery, failure));
    else this.#sent(delivery, result);
  }

  #connectionLine({ protocol }: Http1Request): string {
    if (!this.#persists) return CLOSE;
    return protocol === "HTTP/1.0" ? KEEP_ALIVE : "";
  }

  /** Whether content is still to come that nobody reads, and too much to read for nothing. */
  #leavesContent({ content, expectsContinue }: Http1Request): boolean {
    if (content === undefined || this.#reader.isContentOver) return false;
    if (content.isBeingRead) return false;
    return (
      expectsContinue || (this.#reader.contentLeft ?? Number.POSITIVE_INFINITY) > READ_AND_DROPPED
    );
  }

  #sent(delivery: Delivery, failure: GatewayError | undefined): void {
    this.#waiting.end();
    const { tunnel } = delivery.answer;
    if (failure === undefined && tunnel !== undefined) {
      this.#becomeTunnel(tunnel, delivery);
      return;
    }
    delivery.ended(failure);
    if (this.#line.isOver) return;
    const content = this.#current?.content;
    if (!this.#reader.isContentOver && content !== undefined) void content.cancel(failure);
    this.#isAnswered = true;
    if (!this.#persists) this.#linger();
    else if (this.#reader.isContentOver) {
      this.#next();
      this.#readOn();
    } else this.#waiting.begin(this.#services.limits.keepAlive);
  }

  /** The current request is done with. */
  #next(): void {
    this.#current = undefined;
    // An idle connection keeps nothing of its last exchange.
    this.#sending = undefined;
    this.#halfClosed?.end();
    this.#line.resume();
    if (this.#reader.hasUnread) return;
    if (this.#isDraining || this.#halfClosed !== undefined) this.#line.end("close");
    else this.#waiting.begin(this.#services.limits.keepAlive);
  }

  #linger(): void {
    this.#current = undefined;
    this.#sending = undefined;
    this.#halfClosed?.end();
    const isReadToEnd = this.#reader.isContentOver && !this.#reader.hasUnread;
    if (isReadToEnd || this.#halfClosed !== undefined) {
      this.#line.end("close");
      return;
    }
    this.#state = "lingering";
    this.#reader.giveUpContent();
    this.#line.resume();
    this.#lingering = new Lingering(this.#line, this.#services.clock);
  }

  #becomeTunnel(tunnel: (client: Channel) => void, delivery: Delivery): void {
    this.#state = "tunnel";
    this.#halfClosed?.end();
    const channel = new LineChannel(this.#line, this.#reader.takeUnread(), () => delivery.ended());
    this.#channel = channel;
    if (this.#halfClosed !== undefined) channel.ended();
    tunnel(channel);
  }
}
