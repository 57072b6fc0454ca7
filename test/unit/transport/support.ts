import type { Socket } from "node:net";
import type { ContentReader } from "../../../src/pipeline/content.ts";
import type { BackendAnswer } from "../../../src/transport/backend-answer.ts";
import { Attempt, type BackendRequest } from "../../../src/transport/attempt.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { ConnectionPool, type PoolOptions } from "../../../src/transport/pool.ts";
import { DEFAULT_REACH, type Destination } from "../../../src/upstream/destination.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { eventually } from "../../support/eventually.ts";
import { readerFrom } from "../../support/client-request.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { RawBackend, RawRequest } from "../../support/raw-backend.ts";
import { startSocketServer } from "../../support/socket-server.ts";
import type { Stage } from "../../support/stage.ts";
import { settingsWith } from "../proxy/settings.ts";

export type RequestChanges = Partial<Omit<BackendRequest, "body">> &
  Partial<Pick<Destination, "origin" | "tls">> & {
    readonly body?: BackendRequest["body"] | ReadableStream<Uint8Array>;
  };

/** How the backend at an origin is reached by default. */
export function destination(origin: string, changes: Partial<Destination> = {}): Destination {
  const rest = { socketPath: undefined, tls: undefined, isForUpgrades: false };
  return { ...DEFAULT_REACH, ...rest, origin, ...changes };
}

/** GET /, unless a test says otherwise. */
export function backendRequest(
  { origin = "http://backend.test", tls, body = null, ...changes }: RequestChanges = {},
  clock = new FakeClock(),
): BackendRequest {
  return {
    backend: "http://backend.test",
    to: destination(origin, { tls }),
    method: "GET",
    target: "/",
    fields: [],
    upgrade: undefined,
    body: body instanceof ReadableStream ? readerFrom(body) : body,
    bodySent: undefined,
    timeout: new RouteTimeoutSets(clock).of(settingsWith().timeouts).response,
    cancellation: new Cancellation(),
    from: { clientConnection: undefined },
    ...changes,
  };
}

/**
 * A pool whose time stands still, and a way to send attempts with it. After `holdTurns`, work for the
 * end of a turn waits for `releaseTurns`.
 */
export function startPool(stage: Stage, options: Omit<PoolOptions, "clock" | "defer"> = {}) {
  const clock = new FakeClock();
  let held: (() => void)[] | undefined;
  const defer = (callback: () => void) => {
    if (held === undefined) setImmediate(callback);
    else held.push(callback);
  };
  const pool = new ConnectionPool({ clock, defer, ...options });
  const holdTurns = () => {
    held = [];
  };
  const releaseTurns = () => {
    const callbacks = held ?? [];
    held = undefined;
    for (const callback of callbacks) callback();
  };
  stage.defer(() => pool.close());
  const send = (origin: string, changes: RequestChanges = {}): Promise<BackendAnswer> =>
    new Attempt(backendRequest({ origin, ...changes }, clock), 0).sendBy((attempt) =>
      pool.send(attempt),
    );
  return { clock, pool, send, holdTurns, releaseTurns };
}

/** An answer after which its connection stays open. */
export function lasting(content = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
}

/** All content of an answer, each character a byte. */
export async function contentOf(answer: BackendAnswer): Promise<string> {
  const { content } = answer;
  return content === undefined ? "" : Buffer.concat(await piecesOf(content)).toString("latin1");
}

export async function piecesOf(reader: ContentReader): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return pieces;
    pieces.push(value);
  }
}

/** Sends a GET that is answered at once, after which its connection is idle. */
export async function useOnce(
  backend: RawBackend,
  send: (origin: string) => Promise<BackendAnswer>,
): Promise<RawRequest> {
  const coming = backend.next();
  const answering = send(backend.url);
  const request = await coming;
  request.send(lasting());
  await answering;
  return request;
}

/** Sees that a further request comes on the connection of one that was answered, as `expected`. */
export async function isUsedAgain(
  connection: RawRequest,
  send: () => Promise<BackendAnswer>,
  expected: string,
): Promise<void> {
  const answering = send();
  await connection.received(expected);
  connection.send(lasting());
  await answering;
}

/** A backend that does with its connections what a test says; nothing is read before the test does. */
export function startSocketBackend(
  stage: Stage,
  onSocket: (socket: Socket) => void,
): Promise<string> {
  return startSocketServer(stage, onSocket, { pauseOnConnect: true });
}

/** Content of that many megabytes in which no two parts are equal, so that none can replace another. */
export function numbered(megabytes: number): Buffer {
  const content = Buffer.alloc(megabytes * 1_048_576);
  for (let at = 0; at < content.length; at += 1_024) content.writeUInt32BE(at, at);
  return content;
}

/** Waits until a changing number stays the same. */
export async function standstill(count: () => number): Promise<void> {
  let last = Number.NaN;
  await eventually(() => {
    const previous = last;
    last = count();
    return last > 0 && last === previous;
  });
}

/** A stream that provides these pieces one at a time, and counts those taken. */
export function streamOf(pieces: readonly Uint8Array[]) {
  const state = { taken: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = pieces[state.taken];
        if (piece === undefined) return controller.close();
        state.taken += 1;
        controller.enqueue(piece);
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}
