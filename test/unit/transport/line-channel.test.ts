import { expect, test } from "bun:test";
import type { ChannelEvents } from "../../../src/pipeline/channel.ts";
import { Line } from "../../../src/transport/line.ts";
import { LineChannel } from "../../../src/transport/line-channel.ts";

/** A channel over a socket that accepts `room` bytes at a time. */
function channelOver({ room = 100, early = "" } = {}) {
  const done: string[] = [];
  const socket = {
    room,
    write(data: string | Uint8Array) {
      const count = Math.min(data.length, socket.room);
      done.push(`write ${Buffer.from(data as string).toString("latin1", 0, count)}`);
      return count;
    },
    pause: () => done.push("pause"),
    resume: () => done.push("resume"),
    shutdown: () => done.push("shutdown"),
    end: () => done.push("end"),
    terminate: () => done.push("terminate"),
    setKeepAlive: (enable: boolean, after: number) => done.push(`keep alive ${enable} ${after}`),
  };
  const line = new Line();
  line.take(socket);
  const channel = new LineChannel(line, early === "" ? undefined : Buffer.from(early));
  const drained = () => {
    line.drained();
    channel.drained();
  };
  return { socket, line, channel, done, drained };
}

function noted() {
  const events: string[] = [];
  const listener: ChannelEvents = {
    received: (bytes) => events.push(`received ${bytes.toString()}`),
    drained: () => events.push("drained"),
    ended: () => events.push("ended"),
    closed: (cause) => events.push(`closed ${cause?.message}`),
  };
  return { events, listener };
}

test("what came before somebody listens comes at once then, in order", () => {
  const { channel, line, done } = channelOver({ early: "a" });
  line.pause();
  channel.received(Buffer.from("b"));
  channel.ended();
  channel.closed(new Error("reset"));
  const { events, listener } = noted();
  channel.open(listener);
  expect(events).toEqual(["received ab", "ended", "closed reset"]);
  expect(done).toEqual(["pause", "keep alive true 60000", "resume"]);
});

test("events are passed on once somebody listens", () => {
  const { channel } = channelOver();
  const { events, listener } = noted();
  channel.open(listener);
  channel.received(Buffer.from("a"));
  channel.ended();
  channel.closed(undefined);
  expect(events).toEqual(["received a", "ended", "closed undefined"]);
});

test("what the socket does not accept is queued, and its end is told", () => {
  const { channel, socket, done, drained } = channelOver({ room: 3 });
  const { events, listener } = noted();
  channel.open(listener);
  expect(channel.write(Buffer.from("abc"))).toBe(true);
  expect(channel.write(Buffer.from("defgh"))).toBe(false);
  expect(channel.write(Buffer.from("i"))).toBe(false);
  socket.room = 2;
  drained();
  expect(events).toEqual([]);
  socket.room = 100;
  drained();
  expect(events).toEqual(["drained"]);
  expect(done.slice(1)).toEqual(["write abc", "write def", "write gh", "write i"]);
});

test("the sending side is closed after what is queued", () => {
  const { channel, socket, done, drained } = channelOver({ room: 1 });
  channel.write(Buffer.from("ab"));
  channel.end();
  expect(done).toEqual(["write a"]);
  socket.room = 100;
  drained();
  expect(done).toEqual(["write a", "write b", "shutdown"]);
});

test("with nothing queued the sending side is closed at once", () => {
  const { channel, done } = channelOver();
  channel.pause();
  channel.resume();
  channel.end();
  channel.cut();
  expect(done).toEqual(["pause", "resume", "shutdown", "terminate"]);
});
