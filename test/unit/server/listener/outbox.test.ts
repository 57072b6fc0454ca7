import { expect, test } from "bun:test";
import { LARGE, Outbox } from "../../../../src/server/listener/http1/outbox.ts";
import { Line } from "../../../../src/transport/line.ts";
import { FakeSocket } from "../../../support/fake-socket.ts";

function outboxOn(socket: FakeSocket): Outbox {
  const line = new Line();
  line.take(socket);
  return new Outbox(line);
}

test("small parts are written as one", () => {
  const socket = new FakeSocket();
  const outbox = outboxOn(socket);
  outbox.flush();
  outbox.add("3\r\n");
  outbox.add(Buffer.from("abc"));
  outbox.add("\r\n");
  expect(outbox.bytes).toBe(8);
  outbox.flush();
  expect(socket.writes).toEqual(["3\r\nabc\r\n"]);
  expect(outbox.bytes).toBe(0);
  outbox.flush();
  expect(socket.writes).toHaveLength(1);
});

test("large parts are written each by itself, in their order, with the small ones around them", () => {
  const socket = new FakeSocket();
  const outbox = outboxOn(socket);
  const large = Buffer.alloc(LARGE, "x");
  outbox.add("Name: \xE9\r\n");
  outbox.add("\r\n");
  outbox.add(large);
  outbox.add("\r\n");
  outbox.add("1\r\n");
  outbox.add(large);
  outbox.flush();
  expect(socket.writes).toEqual([
    "Name: \xE9\r\n\r\n",
    large.toString(),
    "\r\n1\r\n",
    large.toString(),
  ]);
});
