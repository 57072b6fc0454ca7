import type { Field } from "../../../http/field.ts";
import { Cancellation, type Interruptible } from "../../../pipeline/cancellation.ts";
import type {
  ClientConnection,
  ClientProtocol,
  ClientRequest,
  RequestRefusal,
} from "../../../pipeline/client-request.ts";
import type { GatewayError } from "../../../pipeline/errors.ts";
import { type Flow, IncomingContent } from "../../../pipeline/incoming-content.ts";
import type { RequestHead } from "../../../wire/request-head.ts";

/** The session that a request came by. */
export interface RequestOwner {
  readonly connection: ClientConnection;
  pauseContent(): void;
  resumeContent(): void;
  /** The content is about to be read. */
  wanted(request: Http1Request): void;
  /** The rest of the content is not needed. */
  abandoned(request: Http1Request): void;
  interim(request: Http1Request, status: number, fields: readonly Field[]): void;
  /** The exchange has been cancelled. */
  interrupted(request: Http1Request, reason: GatewayError): void;
}

/** One request of an HTTP/1.1 connection. */
export class Http1Request implements ClientRequest, Flow, Interruptible {
  readonly method: string;
  readonly target: string;
  readonly protocol: ClientProtocol;
  readonly fields: readonly Field[];
  readonly refusal: RequestRefusal | undefined;
  readonly content: IncomingContent | undefined;
  readonly cancellation: Cancellation;
  /** Whether the client waits for 100 Continue before it sends the content. */
  expectsContinue: boolean;
  readonly #owner: RequestOwner;

  constructor(owner: RequestOwner, head: RequestHead, refusal?: RequestRefusal) {
    this.#owner = owner;
    this.method = head.method;
    this.target = head.target;
    this.protocol = head.protocol;
    this.fields = head.fields;
    this.refusal = refusal;
    this.cancellation = new Cancellation(this);
    this.expectsContinue = head.expectsContinue;
    const length = head.chunked ? undefined : (head.contentLength ?? 0);
    this.content = length === 0 ? undefined : new IncomingContent(length, this);
  }

  get connection(): ClientConnection {
    return this.#owner.connection;
  }

  interim(status: number, fields: readonly Field[]): void {
    this.#owner.interim(this, status, fields);
  }

  pause(): void {
    this.#owner.pauseContent();
  }

  resume(): void {
    this.#owner.resumeContent();
  }

  wanted(): void {
    this.#owner.wanted(this);
  }

  abandon(): void {
    this.#owner.abandoned(this);
  }

  interrupt(reason: GatewayError): void {
    this.#owner.interrupted(this, reason);
  }
}
