import type { Interruptible } from "../../pipeline/cancellation.ts";
import type { Channel } from "../../pipeline/channel.ts";
import type { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import { IdleTimeout } from "../../time/idle-timeout.ts";
import { QueuedBytes, TunnelEnd, type TunnelEvents } from "./end.ts";

export interface TunnelOptions {
  /** Milliseconds in which nothing passes, after which both ends are closed; 0 sets no limit. */
  readonly idleTimeout: number;
  readonly clock: Clock;
  /** Holds the tunnel while it is open, so that a stop can end it. */
  readonly tunnels: Tunnels;
}

/** What a tunnel writes to its exchange. */
export type TunnelRecord = Pick<
  Exchange,
  "bytesIn" | "bytesOut" | "messagesIn" | "messagesOut" | "fail"
>;

/** Maximum bytes queued in all tunnels together. */
const MOST_QUEUED = 64 * 1024 * 1024;
/** Milliseconds without progress after which connections that are closing are cut. */
const LINGER_MS = 5_000;

/** The tunnels that are open. */
export class Tunnels extends Set<Tunnel> {
  readonly queued: QueuedBytes;

  constructor(mostQueued = MOST_QUEUED) {
    super();
    this.queued = new QueuedBytes(mostQueued);
  }
}

/**
 * The connections of a client and a backend after an upgrade (RFC 9110 section 7.8):
 *
 *   client ⇄ Channel ⇄ TunnelEnd ⇄ Tunnel ⇄ TunnelEnd ⇄ Channel ⇄ backend
 *
 * Each end is read only as fast as the other accepts bytes. A tunnel is over when both are closed, when
 * one has disappeared, or when those that are closing make no progress.
 */
export abstract class Tunnel implements Interruptible, TunnelEvents {
  protected readonly record: TunnelRecord;
  protected readonly options: TunnelOptions;
  readonly #backend: TunnelEnd;
  #client: TunnelEnd | undefined;
  readonly #idle: IdleTimeout;
  #lingering: IdleTimeout | undefined;
  #isOver = false;

  constructor(record: TunnelRecord, backend: Channel, options: TunnelOptions) {
    const { clock, idleTimeout, tunnels } = options;
    this.record = record;
    this.options = options;
    this.#backend = new TunnelEnd("backend", backend, tunnels.queued, this);
    this.#idle = new IdleTimeout(clock, idleTimeout, () => this.fellSilent());
  }

  /** Both ends may speak. Cuts the client's connection if the tunnel is over. */
  open(channel: Channel): void {
    const { tunnels } = this.options;
    const client = new TunnelEnd("client", channel, tunnels.queued, this);
    this.#client = client;
    if (this.#isOver) {
      client.cut();
      return;
    }
    client.join(this.#backend);
    tunnels.add(this);
    client.open();
    if (!this.#isOver) this.#backend.open();
  }

  /** The exchange has ended. Closes the backend's connection if no client took the tunnel. */
  end(): void {
    if (this.#client === undefined) this.finish();
  }

  /** Ends for the reason of the exchange's cancellation. */
  interrupt(reason: GatewayError): void {
    if (this.#isOver) return;
    // The client's end reports its leaving.
    if (reason.code === "client_closed" && this.#client !== undefined) return;
    if (this.isClosing || this.#client === undefined) {
      this.record.fail(reason.code, reason.message);
      this.finish();
    } else this.breakOff(reason);
  }

  /** The gateway is about to stop, with time for exchanges to end. */
  abstract stop(reason: GatewayError): void;

  received(end: TunnelEnd, bytes: Buffer): void {
    if (!this.#isOver) this.pass(end, bytes);
  }

  drained(end: TunnelEnd): void {
    this.#lingering?.touch();
    this.hasRoom(end);
  }

  ended(end: TunnelEnd): void {
    if (!this.#isOver) this.endedBy(end);
  }

  closed(end: TunnelEnd): void {
    if (this.#isOver) return;
    if (end.other.isClosed) this.finish();
    else this.closedBy(end);
  }

  givenUp(end: TunnelEnd, limit: number): void {
    if (this.#isOver) return;
    this.record.fail(
      end.who === "client" ? "client_stalled" : "backend_stalled",
      `the ${end.who} is not reading, and more than ${limit} bytes are queued in all upgraded connections`,
    );
    this.giveUp(end);
  }

  protected abstract pass(from: TunnelEnd, bytes: Buffer): void;
  protected abstract endedBy(end: TunnelEnd): void;
  protected abstract closedBy(end: TunnelEnd): void;
  protected abstract fellSilent(): void;
  protected abstract breakOff(reason: GatewayError): void;
  protected abstract giveUp(end: TunnelEnd): void;
  /** Everything that was queued for an end has been accepted, or nothing more will be. */
  protected hasRoom(_end: TunnelEnd): void {}

  /** Both ends; only once the tunnel is open. */
  protected get ends(): readonly TunnelEnd[] {
    return [this.#backend, this.#backend.other];
  }

  protected get isClosing(): boolean {
    return this.#lingering !== undefined;
  }

  /** Something has passed that keeps the tunnel open. */
  protected moved(): void {
    this.#idle.touch();
    this.#lingering?.touch();
  }

  /** Both ends are to close soon. */
  protected linger(): void {
    if (this.#isOver) return;
    this.#lingering ??= new IdleTimeout(this.options.clock, LINGER_MS, () => this.finish());
  }

  /** An end has disappeared. */
  protected lost({ who }: TunnelEnd): void {
    if (who === "client") this.record.fail("client_closed", "the client left without a close");
    else {
      const detail = "the backend's connection ended without a close";
      this.record.fail("backend_connection_closed", detail);
    }
    this.finish();
  }

  /** Cuts both connections, unless they are closed. */
  protected finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#idle.stop();
    this.#lingering?.stop();
    this.options.tunnels.delete(this);
    this.#backend.cut();
    this.#client?.cut();
  }
}
