import { expect, test } from "bun:test";
import { Line, type RawSocket } from "../../../src/transport/line.ts";

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
