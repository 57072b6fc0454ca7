import { expect, test } from "bun:test";
import { Line, type RawSocket } from "../../../src/transport/line.ts";
import { FakeSocket } from "../../support/fake-socket.ts";

/** A socket whose peer has reset the connection. */
function failedSocket() {
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const socket: RawSocket = {
    write: () => -1,
    pause: note("pause"),
    resume: note("resume"),
    shutdown: note("shutdown"),
    end: note("end"),
    terminate: note("terminate"),
    setKeepAlive: note("keepAlive"),
  };
  const line = new Line();
  line.take(socket);
  return { line, done };
}

test("a socket that failed while it was paused is read on, or it would never close", () => {
  const { line, done } = failedSocket();
  line.pause();
  expect(line.write("lost")).toBe(false);
  expect(done).toEqual(["pause", "resume"]);

  line.pause();
  line.drained();
  expect(done).toEqual(["pause", "resume"]);
});

test("what is written to a failed socket is not kept", () => {
  const { line } = failedSocket();
  line.write("lost");
  const { queued } = line;
  for (let count = 0; count < 100; count += 1) line.write("more");
  expect(line).toMatchObject({ isFull: true, queued });
});

test("what a full socket has not taken goes in order, as it takes more", () => {
  const socket = new FakeSocket();
  const line = new Line();
  line.take(socket);
  socket.room = 4;
  expect(line.write("one, ")).toBe(true);
  expect(line.write(Buffer.from("two, "))).toBe(false);
  expect(line.write("three")).toBe(false);
  expect(line.queued).toBe(11);

  socket.room = 3;
  expect(line.drained()).toBe(true);
  expect(socket.text).toBe("one, tw");
  expect(line).toMatchObject({ isFull: true, queued: 8 });

  socket.room = 0;
  expect(line.drained()).toBe(false);
  socket.room = 100;
  expect(line.drained()).toBe(true);
  expect(socket.text).toBe("one, two, three");
  expect(line).toMatchObject({ isFull: false, queued: 0 });
});

test("small pieces that wait are written as one, large ones each by itself", () => {
  const socket = new FakeSocket();
  const line = new Line();
  line.take(socket);
  socket.room = 0;
  const large = Buffer.alloc(40_000, "x");
  for (const piece of ["a", "b", large, "c", "d"]) line.write(piece);
  socket.room = Number.POSITIVE_INFINITY;
  line.drained();
  expect(socket.writes).toEqual(["ab", large.toString(), "cd"]);
});

test("a socket is closed once, and may be cut off after that", () => {
  const { line, done } = failedSocket();
  line.end("close");
  line.end("close");
  expect(done).toEqual(["end"]);
  line.end("cut");
  expect(done).toEqual(["end", "terminate"]);
});
