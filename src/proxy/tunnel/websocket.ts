import type { Channel } from "../../pipeline/channel.ts";
import type { GatewayError } from "../../pipeline/errors.ts";
import { closeFrame, FrameReader, pingFrame } from "../../wire/websocket-frames.ts";
import type { TunnelEnd } from "./end.ts";
import { Tunnel, type TunnelOptions, type TunnelRecord } from "./tunnel.ts";

/** Milliseconds between two pings of an end that is not being read. */
const PING_MS = 1_000;

export interface WebSocketOptions extends TunnelOptions {
  /** Bytes of the largest message that a client may send. */
  readonly maxMessageSize: number;
}

/** What has been said to an end, and what it says. */
interface Side {
  /** Reads the frames that it sends. */
  readonly reader: FrameReader;
  /** Whether a close frame has been sent to it, after which nothing may follow. */
  hasCloseFrame: boolean;
  /** A close frame for it, that waits for the end of the frame that it is receiving. */
  farewell: Uint8Array | undefined;
  /** Stops the pings of the other end, which is not read while this one is full. */
  cancelPing: (() => void) | undefined;
}

/**
 * A WebSocket through the gateway. Frames pass as they are, pings, pongs and close frames among them;
 * the gateway counts messages, limits clients', and says a close of its own between two frames.
 */
export class WebSocketTunnel extends Tunnel {
  readonly #client: Side;
  readonly #backend: Side;
  /** Whether the gateway closes the WebSocket, for a reason of its own. */
  #isShut = false;

  constructor(record: TunnelRecord, backend: Channel, options: WebSocketOptions) {
    super(record, backend, options);
    this.#client = side({ masked: true, maxMessageSize: options.maxMessageSize });
    this.#backend = side({ masked: false, maxMessageSize: Number.POSITIVE_INFINITY });
  }

  stop(reason: GatewayError): void {
    if (!this.isClosing) this.breakOff(reason);
  }

  protected pass(from: TunnelEnd, bytes: Buffer): void {
    const { other } = from;
    const { reader } = this.#of(from);
    const to = this.#of(other);
    const { messages, payloadBytes } = reader;
    let read = 0;
    if (!to.hasCloseFrame) {
      const isLast = to.farewell !== undefined;
      read = reader.read(bytes, 0, (piece) => other.write(piece), isLast);
      // The close frame that has passed is the last word.
      if (reader.hasClosed) this.#closeSent(to);
      else if (isLast) this.#sayFarewell(other);
    }
    // Nothing passes any more, but this end's own close is awaited.
    if (to.hasCloseFrame) reader.read(bytes, read, drop);
    this.#count(from, messages, payloadBytes);
    if (reader.breach !== undefined) this.#broken(from);
    if (reader.hasClosed) this.linger();
    this.#settle(from);
    if (other.isFull) this.#pingLater(from);
  }

  protected endedBy(end: TunnelEnd): void {
    if (!this.#isClosedFor(end)) {
      this.lost(end);
      return;
    }
    end.other.end();
    if (this.#isShut) end.end();
    this.linger();
  }

  protected closedBy(end: TunnelEnd): void {
    if (!this.#isClosedFor(end)) {
      this.lost(end);
      return;
    }
    end.other.end();
    this.linger();
  }

  protected fellSilent(): void {
    const { idleTimeout } = this.options;
    this.record.fail("websocket_idle", `no message in either direction for ${idleTimeout} ms`);
    this.#shut(GOING_AWAY, "idle");
  }

  protected breakOff({ code, message }: GatewayError): void {
    this.record.fail(code, message);
    this.#shut(GOING_AWAY, code === "gateway_stopping" ? message : "time is up");
  }

  protected giveUp(end: TunnelEnd): void {
    this.#say(end.other, TRY_AGAIN_LATER, `the ${end.who} is not reading`);
    this.#isShut = true;
    this.linger();
    end.cut();
  }

  protected override hasRoom(end: TunnelEnd): void {
    stopPings(this.#of(end));
  }

  protected override finish(): void {
    stopPings(this.#client);
    stopPings(this.#backend);
    super.finish();
  }

  #of({ who }: TunnelEnd): Side {
    return who === "client" ? this.#client : this.#backend;
  }

  #count({ who }: TunnelEnd, messages: number, payloadBytes: number): void {
    const isClient = who === "client";
    const { reader } = isClient ? this.#client : this.#backend;
    const more = reader.payloadBytes - payloadBytes;
    if (more === 0 && reader.messages === messages) return;
    this.moved();
    const { record } = this;
    if (isClient) {
      record.messagesIn = reader.messages;
      record.bytesIn += more;
    } else {
      record.messagesOut = reader.messages;
      record.bytesOut += more;
    }
  }

  /** An end has broken the protocol, so that nothing it sends can be read any more. */
  #broken(end: TunnelEnd): void {
    const { breach } = this.#of(end).reader;
    if (breach === undefined || this.#isShut) return;
    const isClient = end.who === "client";
    if (breach.code === TOO_LARGE)
      this.record.fail("message_too_large", `the client sent ${breach.problem}`);
    else
      this.record.fail(
        isClient ? "bad_request" : "backend_protocol_error",
        `the ${end.who} broke the WebSocket protocol: ${breach.problem}`,
      );
    this.#isShut = true;
    this.#say(end, breach.code, breach.problem);
    this.#say(end.other, isClient ? GOING_AWAY : BAD_GATEWAY, `the ${end.who} broke the protocol`);
    this.linger();
  }

  /** Closes the WebSocket to both ends. */
  #shut(code: number, reason: string): void {
    this.#isShut = true;
    for (const end of this.ends) {
      this.#say(end, code, reason);
      this.#settle(end);
    }
    this.linger();
  }

  /** Says a close to an end, as soon as it is between two frames. */
  #say(end: TunnelEnd, code: number, reason: string): void {
    const to = this.#of(end);
    if (to.hasCloseFrame || to.farewell !== undefined) return;
    to.farewell = closeFrame(code, reason, maskFor(end));
    this.#sayFarewell(end);
  }

  #sayFarewell(end: TunnelEnd): void {
    const to = this.#of(end);
    const { reader } = this.#of(end.other);
    if (to.farewell === undefined || !reader.isBetweenFrames) return;
    end.write(to.farewell);
    this.#closeSent(to);
    this.#settle(end);
  }

  #closeSent(to: Side): void {
    to.hasCloseFrame = true;
    to.farewell = undefined;
  }

  /** Ends the connection of an end that the gateway has closed the WebSocket to, and that knows. */
  #settle(end: TunnelEnd): void {
    const { hasCloseFrame, reader } = this.#of(end);
    if (this.#isShut && hasCloseFrame && (reader.hasClosed || reader.breach !== undefined))
      end.end();
  }

  /** Whether an end may close its connection: somebody has closed the WebSocket before. */
  #isClosedFor(end: TunnelEnd): boolean {
    const { hasCloseFrame, reader } = this.#of(end);
    return hasCloseFrame || reader.hasClosed || this.#isShut;
  }

  /**
   * The leaving of an end is noticed only while it is read, or when it does not answer what is sent to
   * it. Its pong reaches the other end, where nobody waits for it (RFC 6455 section 5.5.3).
   */
  #pingLater(end: TunnelEnd): void {
    const full = this.#of(end.other);
    full.cancelPing ??= this.options.clock.schedule(PING_MS, () => {
      full.cancelPing = undefined;
      const isBetweenFrames = full.reader.isBetweenFrames && !this.#of(end).hasCloseFrame;
      if (isBetweenFrames && !end.isFull) end.write(pingFrame(maskFor(end)));
      this.#pingLater(end);
    });
  }
}

const GOING_AWAY = 1001;
const TOO_LARGE = 1009;
const TRY_AGAIN_LATER = 1013;
const BAD_GATEWAY = 1014;

function side(rules: { masked: boolean; maxMessageSize: number }): Side {
  return {
    reader: new FrameReader(rules),
    hasCloseFrame: false,
    farewell: undefined,
    cancelPing: undefined,
  };
}

/** Frames to a server are masked, so that nobody can predict the bytes (RFC 6455 section 5.3). */
function maskFor({ who }: TunnelEnd): Uint8Array | undefined {
  return who === "backend" ? crypto.getRandomValues(new Uint8Array(4)) : undefined;
}

function stopPings(side: Side): void {
  side.cancelPing?.();
  side.cancelPing = undefined;
}

function drop(): void {}
