import { describe, expect, test } from "bun:test";
import { createStage } from "../../support/stage.ts";
import { startRawBackend } from "../../support/raw-backend.ts";
import { turn, rejection } from "../proxy/network.ts";
import { lasting, destination, startPool, startSocketBackend } from "./support.ts";

const stage = createStage();

describe("opening a connection", () => {
  test("ends at the connect timeout, and the request has reached nothing", async () => {
    const opened = Promise.withResolvers<void>();
    // It accepts the connection, and never answers the handshake.
    const url = await startSocketBackend(stage, () => opened.resolve());
    const { send, clock } = startPool(stage);
    const to = destination(url.replace("http:", "https:"), { tls: {}, connectTimeout: 2_000 });
    const failure = rejection(send("", { to }));
    await opened.promise;
    clock.advance(1_999);
    expect(Bun.peek.status(failure)).toBe("pending");
    clock.advance(1);
    expect(await failure).toMatchObject({
      code: "backend_connect_timeout",
      message: "no connection to the backend could be opened within 2000 ms",
      reached: "nothing",
    });
  });

  test("has no limit with 0", async () => {
    const opened = Promise.withResolvers<void>();
    const url = await startSocketBackend(stage, () => opened.resolve());
    const { send, clock } = startPool(stage);
    const to = destination(url.replace("http:", "https:"), { tls: {}, connectTimeout: 0 });
    const failure = rejection(send("", { to }));
    await opened.promise;
    clock.advance(4_000);
    await turn();
    expect(Bun.peek.status(failure)).toBe("pending");
    clock.advance(4_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
  });

  test("is over once it is open, however long the answer takes", async () => {
    const backend = await startRawBackend(stage);
    const { send, clock } = startPool(stage);
    const coming = backend.next();
    const answering = send("", { to: destination(backend.url, { connectTimeout: 2_000 }) });
    const request = await coming;
    clock.advance(4_000);
    request.send(lasting("late"));
    expect((await answering).status).toBe(200);
  });
});
