import {
  createServer,
  type Http2Server,
  type Http2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { ContentReader } from "../../../../src/pipeline/content.ts";
import { Cancellation } from "../../../../src/pipeline/cancellation.ts";
import { Attempt, type BackendRequest } from "../../../../src/transport/attempt.ts";
import type { BackendAnswer } from "../../../../src/transport/backend-answer.ts";
import { ConnectionPool } from "../../../../src/transport/pool.ts";
import { Timeout } from "../../../../src/time/timeout.ts";
import { DEFAULT_REACH, type Destination } from "../../../../src/upstream/destination.ts";
import { Http2Connection } from "../../../../src/wire/http2/connection.ts";
import { BatchBuffers } from "../../../../src/wire/http2/frame-sender.ts";
import type { Stream } from "../../../../src/wire/http2/stream.ts";
import { startSocketServer } from "../../../support/socket-server.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import type { Stage } from "../../../support/stage.ts";

/** How a backend that speaks HTTP/2 is reached. */
export function http2At(origin: string, changes: Partial<Destination> = {}): Destination {
  return {
    ...DEFAULT_REACH,
    origin,
    socketPath: undefined,
    tls: undefined,
    isForUpgrades: false,
    protocol: "http2",
    ...changes,
  };
}

/** A pool whose time stands still, and a way to send attempts with it. */
export function startPool(stage: Stage) {
  const clock = new FakeClock();
  const pool = new ConnectionPool({ clock, random: () => 0.5 });
  stage.defer(() => pool.close());
  const attempt = (to: Destination, changes: Partial<BackendRequest> = {}): Attempt => {
    const request: BackendRequest = {
      backend: to.origin,
      to,
      method: "GET",
      target: "/",
      fields: [],
      body: null,
      bodySent: undefined,
      upgrade: undefined,
      timeout: new Timeout<Attempt>(clock, 5_000, (late) =>
        late.timeIsUp("backend_timeout", "late"),
      ),
      cancellation: new Cancellation(),
      from: { clientConnection: undefined },
      ...changes,
    };
    return new Attempt(request, 0);
  };
  const send = (to: Destination, changes: Partial<BackendRequest> = {}): Promise<BackendAnswer> =>
    attempt(to, changes).sendBy((one) => pool.send(one));
  return { clock, pool, attempt, send };
}

/** A response timeout that is never up. */
export function endless(clock: FakeClock): Timeout<Attempt> {
  return new Timeout(clock, 0, () => {});
}

type OnStream = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void;

/** A backend that speaks HTTP/2 by prior knowledge, and knows its sessions. */
export async function startHttp2Backend(
  stage: Stage,
  onStream: OnStream,
  settings: { maxConcurrentStreams?: number; initialWindowSize?: number } = {},
) {
  const server = createServer({ settings });
  const sessions: Http2Session[] = [];
  server.on("session", (session) => {
    sessions.push(session);
    session.on("error", () => undefined);
  });
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    onStream(stream as ServerHttp2Stream, headers);
  });
  return { origin: `http://127.0.0.1:${await listening(stage, server, sessions)}`, sessions };
}

export async function listening(
  stage: Stage,
  server: Pick<Http2Server, "listen" | "close" | "address">,
  sessions: readonly Http2Session[],
): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  stage.defer(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A stream of a fake backend. */
export interface FakeStream {
  readonly path: string;
  readonly stream: Stream;
  /** All of the request's content. */
  readonly content: Promise<string>;
  /** Sends a whole answer. */
  readonly answer: (text: string) => void;
}

/** A backend whose frames a test decides. */
export async function startFakeBackend(
  stage: Stage,
  onStream: (opened: FakeStream, connection: Http2Connection, socket: Socket) => void,
) {
  let connections = 0;
  const clock = new FakeClock();
  const origin = await startSocketServer(stage, (socket) => {
    connections += 1;
    const line = {
      isFull: false,
      write: (bytes: Uint8Array) => socket.write(Buffer.from(bytes)),
      end: () => socket.end(),
    };
    const connection: Http2Connection = new Http2Connection(
      "server",
      line,
      {
        opened: (stream) => {
          const pieces: Buffer[] = [];
          const { promise: content, resolve } = Promise.withResolvers<string>();
          return {
            headers(fields) {
              stream.hasHead = true;
              const path = fields.find(({ name }) => name === ":path")?.value ?? "";
              const answer = (text: string) => {
                stream.head([":status", "200"], [], false);
                stream.send(Buffer.from(text), true);
              };
              setImmediate(() => onStream({ path, stream, answer, content }, connection, socket));
            },
            headersTooLarge: () => {},
            data: (bytes) => {
              pieces.push(bytes);
              stream.consumed(bytes.length);
            },
            ended: () => resolve(Buffer.concat(pieces).toString()),
            sent: () => {},
            drained: () => {},
            over: () => {},
          };
        },
        settingsChanged: () => {},
        goingAway: () => {},
        idleChanged: () => {},
        failed: () => {},
      },
      {
        clock,
        buffers: new BatchBuffers(),
        flushSoon: (flushed) => setImmediate(() => flushed.flush()),
        limits: {
          maxStreams: 100,
          streamWindow: 65_535,
          connectionWindow: 65_535,
          headers: { maxSize: 65_536, maxFields: 100 },
        },
      },
    );
    connection.start();
    socket.on("data", (bytes: Buffer) => connection.received(bytes));
    socket.on("close", () => connection.closed("closed"));
  });
  return { origin, connections: () => connections };
}

/** All content of an answer. */
export async function textOf({ content }: BackendAnswer): Promise<string> {
  if (content === undefined) return "";
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { value } = await content.read();
    if (value === undefined) return Buffer.concat(pieces).toString("latin1");
    pieces.push(value);
  }
}

/** Content that a test hands over piece by piece. */
export function handedOver(trailers?: ContentReader["trailers"]) {
  const pieces: (Uint8Array | undefined)[] = [];
  let wake: (() => void) | undefined;
  const state = { cancelled: false };
  let taken = 0;
  const reader: ContentReader = {
    trailers,
    async read() {
      while (pieces.length === 0 && !state.cancelled) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const value = pieces.shift();
      taken += 1;
      return value === undefined ? { done: true } : { done: false, value };
    },
    cancel() {
      state.cancelled = true;
      wake?.();
      return Promise.resolve();
    },
  };
  const put = (piece: Uint8Array | undefined) => {
    pieces.push(piece);
    wake?.();
  };
  return {
    reader,
    give: (text: string | Uint8Array) => put(typeof text === "string" ? Buffer.from(text) : text),
    end: () => put(undefined),
    isCancelled: () => state.cancelled,
    taken: () => taken,
  };
}
