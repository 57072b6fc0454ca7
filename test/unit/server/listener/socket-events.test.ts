import { expect, test } from "bun:test";
import type { Session } from "../../../../src/server/listener/session.ts";
import { NOBODY, refuse, socketEvents } from "../../../../src/server/listener/socket-events.ts";

/** A socket with its session, that takes note of what is done with it. */
function socketOf(session: Session) {
  const done: string[] = [];
  const socket = { data: session, end: () => done.push("end") };
  return { socket: socket as unknown as Bun.Socket<Session>, done };
}

/** A session that takes note of its socket's events. */
function noting(events: unknown[]): Session {
  return {
    ...NOBODY,
    handshaken: (_socket, succeeded) => events.push(["handshaken", succeeded]),
    received: (bytes) => events.push(["received", bytes.toString()]),
    drained: () => events.push(["drained"]),
    ended: () => events.push(["ended"]),
    closed: (cause) => events.push(["closed", cause?.message]),
  };
}

function allEvents(socket: Bun.Socket<Session>): void {
  socketEvents.handshake?.(socket, true, null);
  void socketEvents.data?.(socket, Buffer.from("bytes"));
  void socketEvents.drain?.(socket);
  void socketEvents.end?.(socket);
  void socketEvents.error?.(socket, new Error("broken"));
  void socketEvents.close?.(socket);
}

test("a socket's events go to the session that has it", () => {
  const events: unknown[] = [];
  const { socket } = socketOf(noting(events));
  allEvents(socket);
  expect(events).toEqual([
    ["handshaken", true],
    ["received", "bytes"],
    ["drained"],
    ["ended"],
    ["closed", "broken"],
    ["closed", undefined],
  ]);
});

test("a refused connection is closed, and its further events reach no session", () => {
  const events: unknown[] = [];
  const { socket, done } = socketOf(noting(events));
  refuse(socket);
  allEvents(socket);
  expect(done).toEqual(["end"]);
  expect(events).toEqual([]);
});
