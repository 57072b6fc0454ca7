import type { GatewayError } from "../../pipeline/errors.ts";
import { PREFACE } from "../../wire/http2/frames.ts";
import type { Expiring, SessionServices } from "./services.ts";
import type { Session } from "./session.ts";
import { Waiting } from "./waiting.ts";

/** A connection, and how it goes on once it is known which version its client speaks. */
export interface Undecided {
  /** The client's address. */
  readonly client: string;
  /** Opens the session that takes the place of this one. */
  become(version: "HTTP/1.1" | "HTTP/2"): Session;
  close(manner: "close" | "cut"): void;
}

/**
 * A plain connection whose client has not shown yet whether it speaks HTTP/2 by prior knowledge (RFC
 * 9113 section 3.3): its first bytes do.
 */
export class FirstBytes implements Session, Expiring {
  readonly isIdle = true;
  readonly #connection: Undecided;
  readonly #services: SessionServices;
  readonly #waiting = new Waiting<Expiring>(this);
  /** The beginning of what may become the preface. */
  #bytes: Buffer | undefined;
  #isOver = false;

  constructor(connection: Undecided, services: SessionServices) {
    this.#connection = connection;
    this.#services = services;
    this.#waiting.begin(services.limits.opening);
  }

  get client(): string {
    return this.#connection.client;
  }

  received(received: Buffer): void {
    if (this.#isOver) return;
    const bytes = this.#bytes === undefined ? received : Buffer.concat([this.#bytes, received]);
    const length = Math.min(bytes.length, PREFACE.length);
    const mayBePreface = bytes.toString("latin1", 0, length) === PREFACE.slice(0, length);
    if (mayBePreface && length < PREFACE.length) {
      this.#bytes = bytes;
      return;
    }
    this.#over();
    this.#connection.become(mayBePreface ? "HTTP/2" : "HTTP/1.1").received(bytes);
  }

  // oxlint-disable-next-line class-methods-use-this -- nothing has been written
  drained(): void {}

  ended(): void {
    this.#end("close");
  }

  closed(): void {
    this.#end("cut");
    this.#services.gone(this);
  }

  drain(): void {
    this.#end("close");
  }

  cut(_reason: GatewayError): void {
    this.#end("close");
  }

  destroy(): void {
    this.#end("cut");
  }

  timeIsUp(): void {
    if (this.#bytes === undefined) {
      this.#end("close");
      return;
    }
    // The beginning of a POST, say, which HTTP/1.1 answers when the rest does not come either.
    this.#over();
    this.#connection.become("HTTP/1.1").received(this.#bytes);
  }

  #end(manner: "close" | "cut"): void {
    this.#over();
    this.#connection.close(manner);
  }

  #over(): void {
    this.#isOver = true;
    this.#waiting.end();
  }
}
