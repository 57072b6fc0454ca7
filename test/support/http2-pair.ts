import type { Http2Error } from "../../src/wire/http2/error-code.ts";
import { Http2Connection } from "../../src/wire/http2/connection.ts";
import type { OwnLimits } from "../../src/wire/http2/connection-services.ts";
import { BatchBuffers } from "../../src/wire/http2/frame-sender.ts";
import type { HeaderField } from "../../src/wire/http2/header-field.ts";
import type { Stream } from "../../src/wire/http2/stream.ts";
import type {
  ByteLine,
  ConnectionOwner,
  StreamFailure,
  StreamOwner,
} from "../../src/wire/http2/stream-owner.ts";
import { FakeClock } from "./fake-clock.ts";

export const LIMITS: OwnLimits = {
  maxStreams: 10,
  streamWindow: 65_535,
  connectionWindow: 100_000,
  headers: { maxSize: 16_384, maxFields: 100 },
};

/** What a stream's user was told. */
export class StreamLog implements StreamOwner {
  stream: Stream | undefined;
  readonly sections: string[][] = [];
  readonly pieces: Buffer[] = [];
  tooLarge = 0;
  hasEnded = false;
  hasSent = false;
  drains = 0;
  overs: (StreamFailure | undefined)[] = [];
  /** Called for a head that was received. */
  onHead: ((log: StreamLog, isEnd: boolean) => void) | undefined;
  /** Whether content counts as used at once. */
  uses = true;

  get content(): string {
    return Buffer.concat(this.pieces).toString();
  }

  headers(fields: readonly HeaderField[], isEnd: boolean): void {
    this.sections.push(fields.map(({ name, value }) => `${name}: ${value}`));
    const isFinal = !fields.some(({ name, value }) => name === ":status" && value.startsWith("1"));
    if (isFinal && this.stream !== undefined) this.stream.hasHead = true;
    this.onHead?.(this, isEnd);
  }

  headersTooLarge(): void {
    this.tooLarge += 1;
  }

  data(bytes: Buffer): void {
    this.pieces.push(bytes);
    if (this.uses) this.stream?.consumed(bytes.length);
  }

  ended(): void {
    this.hasEnded = true;
  }

  sent(): void {
    this.hasSent = true;
  }

  drained(): void {
    this.drains += 1;
  }

  over(failure: StreamFailure | undefined): void {
    this.overs.push(failure);
  }
}

/** A socket in memory. */
export class MemoryLine implements ByteLine {
  isFull = false;
  written: Buffer[] = [];
  writes = 0;
  endedBy: string | undefined;

  write(bytes: Uint8Array): void {
    this.writes += 1;
    this.written.push(Buffer.from(bytes));
  }

  end(manner: "close" | "cut"): void {
    this.endedBy = manner;
  }

  /** What has been written since the last time. */
  take(): Buffer {
    const bytes = Buffer.concat(this.written);
    this.written = [];
    return bytes;
  }
}

/** One side of a connection, with what it was told. */
export class Side implements ConnectionOwner<Stream> {
  readonly line = new MemoryLine();
  readonly clock: FakeClock;
  readonly connection: Http2Connection;
  /** Of streams that the peer opened, in order. */
  readonly peerStreams: StreamLog[] = [];
  readonly idle: boolean[] = [];
  settingsChanges = 0;
  leaving: string | undefined;
  error: Http2Error | undefined;
  onHead: StreamLog["onHead"];
  #toFlush: { flush(): void }[] = [];

  constructor(role: "client" | "server", limits: OwnLimits = LIMITS, clock = new FakeClock()) {
    this.clock = clock;
    this.connection = new Http2Connection(role, this.line, this, {
      clock,
      buffers: new BatchBuffers(),
      flushSoon: (connection) => this.#toFlush.push(connection),
      limits,
    });
    this.connection.start();
  }

  opened(stream: Stream): StreamOwner {
    const log = new StreamLog();
    log.stream = stream;
    log.onHead = this.onHead;
    this.peerStreams.push(log);
    return log;
  }

  settingsChanged(): void {
    this.settingsChanges += 1;
  }

  goingAway(code: number, message: string): void {
    this.leaving = `${code} ${message}`;
  }

  idleChanged(isIdle: boolean): void {
    this.idle.push(isIdle);
  }

  failed(error: Http2Error): void {
    this.error = error;
  }

  /** The end of the event loop's turn. */
  endTurn(): void {
    const all = this.#toFlush;
    this.#toFlush = [];
    for (const connection of all) connection.flush();
  }

  /** Opens a stream as a client. */
  request(method = "GET", isEnd = true): StreamLog {
    const log = new StreamLog();
    const pseudo = [":method", method, ":scheme", "http", ":path", "/", ":authority", "a"];
    log.stream = this.connection.open(log, pseudo, [], isEnd);
    return log;
  }
}

/** Lets both sides talk until neither has anything to say. */
export function exchange(client: Side, server: Side, pieceSize = Number.POSITIVE_INFINITY): void {
  for (let round = 0; round < 10_000; round += 1) {
    client.endTurn();
    server.endTurn();
    const up = client.line.take();
    const down = server.line.take();
    if (up.length === 0 && down.length === 0) return;
    deliver(up, server, pieceSize);
    deliver(down, client, pieceSize);
  }
  throw new Error("they never stop");
}

function deliver(bytes: Buffer, to: Side, pieceSize: number): void {
  for (let at = 0; at < bytes.length; at += pieceSize) {
    to.connection.received(Buffer.from(bytes.subarray(at, at + pieceSize)));
  }
}
