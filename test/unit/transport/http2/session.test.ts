import { expect, test } from "bun:test";
import { Cancellation } from "../../../../src/pipeline/cancellation.ts";
import { EndOfTurn } from "../../../../src/time/end-of-turn.ts";
import { Attempt } from "../../../../src/transport/attempt.ts";
import type { BackendAnswer } from "../../../../src/transport/backend-answer.ts";
import { Session, type SessionServices } from "../../../../src/transport/http2/session.ts";
import {
  PING_ANSWER,
  SILENCE,
  SilenceTimeouts,
} from "../../../../src/transport/http2/silence-watch.ts";
import type { SocketOwner } from "../../../../src/transport/socket-events.ts";
import { BatchBuffers } from "../../../../src/wire/http2/frame-sender.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { rejection, turn } from "../../proxy/network.ts";
import { endless, http2At } from "./support.ts";

const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const PING_ACK = Buffer.from([0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
const PING = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]);

/** A session with a socket that a test plays, and one request on it. */
function startSession() {
  const clock = new FakeClock();
  let pings = 0;
  const now = (callback: () => void) => callback();
  const services: SessionServices = {
    clock,
    http2: {
      clock,
      buffers: new BatchBuffers(),
      flushSoon: (connection) => queueMicrotask(() => connection.flush()),
      limits: {
        maxStreams: 0,
        streamWindow: 65_535,
        connectionWindow: 65_535,
        headers: { maxSize: 65_536, maxFields: 100 },
      },
    },
    answers: new EndOfTurn<{ attempt: Attempt; answer: BackendAnswer }>(
      ({ attempt, answer }) => attempt.succeed(answer),
      now,
    ),
    silence: new SilenceTimeouts(clock),
  };
  const events: string[] = [];
  const session: Session = new Session(
    {
      ready: () => events.push("ready"),
      declined: () => events.push("declined"),
      changed: () => {},
      gone: (_, error) => events.push(`gone: ${error.message}`),
      again: () => false,
    },
    services,
    false,
  );
  const socket = {
    write(data: Uint8Array) {
      if (Buffer.from(data).includes(PING)) pings += 1;
      return data.length;
    },
    pause() {},
    resume() {},
    end() {},
    terminate() {},
  } as unknown as Bun.Socket<SocketOwner>;
  session.opened(socket);
  session.ready();
  session.received(SETTINGS);
  const request = {
    backend: "http://a.test",
    to: http2At("http://a.test"),
    method: "GET",
    target: "/",
    fields: [],
    body: null,
    bodySent: undefined,
    upgrade: undefined,
    timeout: endless(clock),
    cancellation: new Cancellation(),
    from: { clientConnection: undefined },
  };
  const attempt = new Attempt(request, 0);
  const failure = rejection(attempt.sendBy((sent) => session.begin(sent)));
  return { clock, session, events, failure, pings: () => pings };
}

test("a silent backend is pinged, and is gone if it does not answer", async () => {
  const { clock, events, failure, pings } = startSession();
  clock.advance(SILENCE);
  await turn();
  expect(pings()).toBe(1);
  clock.advance(PING_ANSWER);
  expect(await failure).toMatchObject({ code: "backend_connection_closed" });
  expect(events).toEqual(["ready", "gone: PING was not answered"]);
});

test("a backend that answers is not pinged again for five minutes", async () => {
  const { clock, session, events, pings } = startSession();
  clock.advance(SILENCE);
  await turn();
  clock.advance(1);
  session.received(PING_ACK);
  for (let passed = 0; passed < 290_000; passed += 10_000) clock.advance(10_000);
  await turn();
  expect(pings()).toBe(1);
  clock.advance(26_000);
  await turn();
  expect(pings()).toBe(2);
  expect(events).toEqual(["ready"]);
});

test("a backend from which something has come is not pinged before it is silent again", async () => {
  const { clock, session, pings } = startSession();
  clock.advance(SILENCE - 1_000);
  session.received(SETTINGS);
  clock.advance(1_000);
  await turn();
  expect(pings()).toBe(0);
  clock.advance(SILENCE);
  await turn();
  expect(pings()).toBe(1);
});

test("a session ends when its socket does, and is told once", async () => {
  const { session, events, failure } = startSession();
  session.closed(undefined);
  session.closed(undefined);
  expect(await failure).toMatchObject({ code: "backend_connection_closed" });
  expect(events).toEqual(["ready", "gone: the backend closed the connection"]);
});

test("a session that is cut ends at once", async () => {
  const { session, events, failure } = startSession();
  session.cut();
  expect(await failure).toMatchObject({ code: "backend_connection_closed" });
  expect(events).toHaveLength(2);
});
