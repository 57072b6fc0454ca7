import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { HpackDecoder } from "../../src/wire/http2/hpack/decoder.ts";
import { PREFACE } from "../../src/wire/http2/frames.ts";
import { describeFrames, frame, type ReadFrame, readFrames, uint32 } from "./http2-frames.ts";
import type { Stage } from "./stage.ts";

/** What came on one stream. */
export interface StreamRecord {
  /** Header sections in order: interim ones, the head, trailers. */
  readonly sections: (readonly (readonly [name: string, value: string])[])[];
  content: string;
  isEnded: boolean;
  /** The code of RST_STREAM. */
  resetBy: number | undefined;
}

/** A client that sends the frames it is told to, right or wrong. */
export class Http2Client {
  /** All that were received. */
  readonly frames: ReadFrame[] = [];
  isClosed = false;
  /** Whether windows are opened again for content as it comes. */
  grantsWindows = true;
  readonly #socket: Socket;
  readonly #decoder = new HpackDecoder({ maxSize: 1_000_000, maxFields: 1_000 });
  readonly #streams = new Map<number, StreamRecord>();
  #unread = Buffer.alloc(0);
  #watchers: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      this.#tell();
    });
  }

  /** Connects and sends the preface, with these settings' payload. */
  static async open(stage: Stage, port: number, settings?: Buffer): Promise<Http2Client> {
    const client = await Http2Client.connect(stage, port);
    await client.begin(settings);
    return client;
  }

  /** Connects only. */
  static async connect(stage: Stage, port: number): Promise<Http2Client> {
    const client = await Http2Client.dial("127.0.0.1", port);
    stage.defer(() => client.close());
    return client;
  }

  /** The same, for a test that closes it by itself; over TLS whatever the certificate. */
  static dial(host: string, port: number, tls = false): Promise<Http2Client> {
    return new Promise((resolve, reject) => {
      const options = { host, port };
      const socket = tls
        ? connectTls({ ...options, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
        : connect(options);
      const client = new Http2Client(socket);
      socket.once("error", reject);
      socket.once(tls ? "secureConnect" : "connect", () => resolve(client));
    });
  }

  /** Sends the preface, with these settings' payload, and waits until they are in force. */
  async begin(settings?: Buffer): Promise<void> {
    this.send(Buffer.from(PREFACE), frame(4, 0, 0, settings));
    await this.until(() => this.frames.some(({ type, flags }) => type === 4 && flags === 1));
  }

  send(...frames: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  /** Sends no more, and still receives. */
  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  stream(id: number): StreamRecord {
    let record = this.#streams.get(id);
    if (record === undefined) {
      record = { sections: [], content: "", isEnded: false, resetBy: undefined };
      this.#streams.set(id, record);
    }
    return record;
  }

  /** The last received :status of a stream. */
  status(id: number): string | undefined {
    return this.stream(id)
      .sections.flat()
      .findLast(([name]) => name === ":status")?.[1];
  }

  /** Received frames, in short. */
  get log(): string[] {
    return this.frames.map(({ type, flags, stream, payload }) =>
      describeFrames(frame(type, flags, stream, payload)).join(""),
    );
  }

  /** Waits until it is true; it is asked again after each event. Rejects once nothing can come. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (isTrue()) resolve();
        else if (this.isClosed) reject(new Error(`closed after ${this.log.join(", ")}`));
        else this.#watchers.push(look);
      };
      look();
    });
  }

  /** Waits for an answer's end. */
  async answer(id: number): Promise<StreamRecord> {
    const record = this.stream(id);
    await this.until(() => record.isEnded || record.resetBy !== undefined);
    return record;
  }

  /** Waits until the gateway has read everything that was sent before. */
  async pong(): Promise<void> {
    const opaque = Buffer.alloc(8);
    this.#pings += 1;
    opaque.writeUInt32BE(this.#pings);
    this.send(frame(6, 0, 0, opaque));
    await this.until(() =>
      this.frames.some(({ type, flags, payload }) => {
        return type === 6 && flags === 1 && payload.equals(opaque);
      }),
    );
  }

  #pings = 0;

  #received(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (const read of readFrames(this.#unread)) {
      if (read.payload.length < this.#unread.readUIntBE(0, 3)) break;
      this.#unread = this.#unread.subarray(9 + read.payload.length);
      this.frames.push(read);
      this.#take(read);
    }
    this.#tell();
  }

  #take({ type, flags, stream, payload }: ReadFrame): void {
    const isEnd = (flags & 1) !== 0;
    if (type === 0) {
      const record = this.stream(stream);
      record.content += payload.toString("latin1");
      record.isEnded ||= isEnd;
      if (!this.grantsWindows || payload.length === 0) return;
      this.send(frame(8, 0, 0, uint32(payload.length)));
      if (!isEnd) this.send(frame(8, 0, stream, uint32(payload.length)));
    } else if (type === 1) {
      const record = this.stream(stream);
      const fields = this.#decoder.decode(payload) ?? [];
      record.sections.push(fields.map(({ name, value }) => [name, value]));
      record.isEnded ||= isEnd;
    } else if (type === 3) this.stream(stream).resetBy = payload.readUInt32BE(0);
  }

  #tell(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const look of watchers) look();
  }
}
