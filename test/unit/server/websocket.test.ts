import { describe, expect, test } from "bun:test";
import { rowsIn } from "../telemetry/access-log/support.ts";
import { createStage } from "../../support/stage.ts";
import { mockBackend, start } from "./running.ts";

const stage = createStage();

function connect(url: string): WebSocket {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`);
  stage.defer(() => socket.terminate());
  return socket;
}

function once<Name extends keyof Bun.WebSocketEventMap>(
  socket: WebSocket,
  name: Name,
): Promise<Bun.WebSocketEventMap[Name]> {
  return new Promise((resolve) => {
    socket.addEventListener(name, resolve, { once: true });
  });
}

describe("a WebSocket through the gateway", () => {
  test("carries messages both ways, and is one row when it is over", async () => {
    const { url, stop, database } = start(
      stage,
      `routes: [{ path: /ws, backends: ["${mockBackend(stage)}"] }]`,
    );
    const socket = connect(url);
    await once(socket, "open");
    socket.send("hello");
    expect((await once(socket, "message")).data).toBe("hello");
    socket.close(4001, "done");
    expect(await once(socket, "close")).toMatchObject({ code: 4001, reason: "done" });
    await stop();
    expect(rowsIn(database)).toEqual([
      expect.objectContaining({ status_code: 101, messages_in: 1, messages_out: 1, bytes_in: 5 }),
    ]);
  });

  test("of many megabytes waits where the client does not read, and loses nothing", async () => {
    const { url } = start(stage, `routes: [{ path: /ws, backends: ["${mockBackend(stage)}"] }]`);
    const socket = connect(url);
    await once(socket, "open");
    const messages = 16;
    const message = "x".repeat(1024 * 1024);
    let arrived = 0;
    const all = new Promise<void>((resolve) => {
      socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
        arrived += data.length;
        if (arrived === messages * message.length) resolve();
      });
    });
    socket.pause();
    for (let count = 0; count < messages; count += 1) socket.send(message);
    socket.resume();
    await all;
    expect(arrived).toBe(messages * message.length);
  });

  test("is closed with 1001 when the gateway stops", async () => {
    const { url, stop } = start(
      stage,
      `routes: [{ path: /ws, backends: ["${mockBackend(stage)}"] }]`,
    );
    const socket = connect(url);
    await once(socket, "open");
    const closed = once(socket, "close");
    expect(await stop()).toEqual({ cut: 0, lostRows: 0 });
    expect(await closed).toMatchObject({ code: 1001 });
  });
});
