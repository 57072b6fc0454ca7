import { describe, expect, test } from "bun:test";
import { constants } from "node:http2";
import { fieldOf } from "../../../../src/http/field.ts";
import { Cancellation } from "../../../../src/pipeline/cancellation.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import type { Stream } from "../../../../src/wire/http2/stream.ts";
import { eventually } from "../../../support/eventually.ts";
import { createStage } from "../../../support/stage.ts";
import { rejection } from "../../proxy/network.ts";
import {
  handedOver,
  http2At,
  startFakeBackend,
  startHttp2Backend,
  startPool,
  textOf,
} from "./support.ts";

const stage = createStage();

describe("a request over HTTP/2", () => {
  test("carries its fields, its Host as :authority, and takes an answer with content", async () => {
    const seen: Record<string, unknown>[] = [];
    const { origin } = await startHttp2Backend(stage, (stream, headers) => {
      seen.push({ ...headers });
      stream.respond({ ":status": 201, "x-a": "1", "content-length": "5" });
      stream.end("hello");
    });
    const { send } = startPool(stage);
    const fields = ["host", "client.test", "x-b", "2", "te", "trailers", "connection", "x-c"];
    const answer = await send(http2At(origin), { target: "/a?b", fields });
    expect(answer.status).toBe(201);
    expect(answer.fields.get("x-a")).toBe("1");
    expect(answer.content?.length).toBe(5);
    expect(await textOf(answer)).toBe("hello");
    expect(seen).toMatchObject([
      {
        ":method": "GET",
        ":scheme": "http",
        ":authority": "client.test",
        ":path": "/a?b",
        te: "trailers",
        "x-b": "2",
      },
    ]);
    expect(seen[0]).not.toHaveProperty("connection");
    expect(seen[0]).not.toHaveProperty("host");
  });

  test("is not sent if it has characters that HTTP cannot carry", async () => {
    const { origin } = await startHttp2Backend(stage, (stream) => stream.respond());
    const { send } = startPool(stage);
    for (const changes of [{ fields: ["x-price", "1 €"] }, { target: "/€" }]) {
      expect(await rejection(send(http2At(origin), changes))).toMatchObject({
        code: "bad_request",
      });
    }
  });

  test("names the backend itself when no Host is passed on", async () => {
    const seen: unknown[] = [];
    const { origin } = await startHttp2Backend(stage, (stream, headers) => {
      seen.push(headers[":authority"]);
      stream.respond({ ":status": 204 }, { endStream: true });
    });
    const { send } = startPool(stage);
    const answer = await send(http2At(origin));
    expect(answer).toMatchObject({ status: 204, content: undefined });
    expect(seen).toEqual([origin.slice("http://".length)]);
  });

  test("sends content whole or piece by piece, with trailers, and takes trailers", async () => {
    const received: { text: string; trailers: unknown }[] = [];
    const { origin } = await startHttp2Backend(stage, (stream) => {
      let text = "";
      let trailers: unknown;
      stream.on("data", (bytes: Buffer) => {
        text += bytes.toString();
      });
      stream.on("trailers", (fields) => {
        trailers = fields["x-sum"];
      });
      stream.on("end", () => {
        received.push({ text, trailers });
        stream.respond({ ":status": 200 }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(text);
      });
    });
    const { send } = startPool(stage);
    const to = http2At(origin);
    const whole = await send(to, { method: "POST", body: Buffer.from("in one piece") });
    expect(await textOf(whole)).toBe("in one piece");
    const { reader, give, end } = handedOver([fieldOf("x-sum", "7"), fieldOf("te", "gzip")]);
    const sending = send(to, { method: "POST", body: reader });
    give("one, ");
    give("two");
    end();
    const answer = await sending;
    expect(await textOf(answer)).toBe("one, two");
    expect(answer.content?.trailers).toMatchObject([{ name: "grpc-status", value: "0" }]);
    expect(received).toEqual([
      { text: "in one piece", trailers: undefined },
      { text: "one, two", trailers: "7" },
    ]);
  });

  test("gets its answer while its content is still being sent", async () => {
    const { origin } = await startHttp2Backend(stage, (stream) => {
      stream.respond({ ":status": 200 });
      stream.on("data", (bytes: Buffer) => stream.write(`echo ${bytes.toString()}`));
      stream.on("end", () => stream.end());
    });
    const { send } = startPool(stage);
    const { reader, give, end } = handedOver();
    const answer = await send(http2At(origin), { method: "POST", body: reader });
    const next = async () => Buffer.from((await answer.content?.read())?.value ?? "").toString();
    give("a");
    expect(await next()).toBe("echo a");
    give("b");
    expect(await next()).toBe("echo b");
    end();
    expect(await answer.content?.read()).toEqual({ done: true });
  });

  test("is answered by a head alone, with what it says", async () => {
    const { origin } = await startHttp2Backend(stage, (stream) => {
      stream.respond({ ":status": 200, "grpc-status": "5" }, { endStream: true });
    });
    const { send } = startPool(stage);
    const answer = await send(http2At(origin), { method: "POST" });
    expect(answer.content).toBeUndefined();
    expect(answer.fields.get("grpc-status")).toBe("5");
  });

  test("passes interim answers on", async () => {
    const { origin } = await startFakeBackend(stage, ({ stream, answer }) => {
      stream.head([":status", "103"], [fieldOf("link", "</a.css>; rel=preload")], false);
      answer("done");
    });
    const { send } = startPool(stage);
    const interims: unknown[] = [];
    const request = { interim: (...interim: unknown[]) => interims.push(interim) };
    const answer = await send(http2At(origin), {
      from: { clientConnection: undefined, request },
    });
    expect(await textOf(answer)).toBe("done");
    expect(interims).toMatchObject([[103, [{ name: "link", value: "</a.css>; rel=preload" }]]]);
  });

  test("is broken off by RST_STREAM when it is cancelled, and others go on", async () => {
    const codes: number[] = [];
    const { origin, sessions } = await startHttp2Backend(stage, (stream, headers) => {
      stream.on("close", () => codes.push(stream.rstCode));
      if (headers[":path"] === "/hang") return;
      stream.respond({ ":status": 200 });
      if (headers[":path"] === "/endless") stream.write("beginning");
      else stream.end("done");
    });
    const { send } = startPool(stage);
    const to = http2At(origin);
    const first = new Cancellation();
    const hanging = rejection(send(to, { target: "/hang", cancellation: first }));
    const second = new Cancellation();
    const endless = await send(to, { target: "/endless", cancellation: second });
    expect(Buffer.from((await endless.content?.read())?.value ?? "").toString()).toBe("beginning");
    const reason = new GatewayError("client_closed", "gone");
    first.cancel(reason);
    second.cancel(reason);
    expect(await hanging).toBe(reason);
    expect(await rejection(endless.content?.read())).toBe(reason);
    await eventually(() => codes.length === 2);
    expect(codes).toEqual([constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL]);
    expect(await textOf(await send(to))).toBe("done");
    expect(sessions).toHaveLength(1);
  });

  test("reads no further than its reader, and all of it in the end", async () => {
    const size = 16 * 1_048_576;
    let written = 0;
    const { origin } = await startHttp2Backend(stage, (stream) => {
      stream.respond({ ":status": 200 });
      const piece = Buffer.alloc(65_536, "x");
      const write = () => {
        while (written < size) {
          written += piece.length;
          if (!stream.write(piece)) {
            stream.once("drain", write);
            return;
          }
        }
        stream.end();
      };
      write();
    });
    const { send } = startPool(stage);
    const answer = await send(http2At(origin));
    let last = -1;
    await eventually(() => {
      const before = last;
      last = written;
      return written > 0 && written === before;
    });
    expect(written).toBeLessThan(4 * 1_048_576);
    expect((await textOf(answer)).length).toBe(size);
  });

  test("lets the backend have more under way only while its reader keeps up", async () => {
    const size = 4 * 1_048_576;
    const streams: Stream[] = [];
    const { origin } = await startFakeBackend(stage, ({ stream }) => {
      streams.push(stream);
      stream.head([":status", "200"], [], false);
      stream.send(Buffer.alloc(size));
    });
    const { send } = startPool(stage);
    await send(http2At(origin));
    await eventually(() => streams[0]?.queued === size - 262_144);
    const { content } = await send(http2At(origin));
    for (let read = 0; read < size; read += (await content?.read())?.value?.length ?? size) {
      // Only to keep up.
    }
    streams[1]?.send(Buffer.alloc(size));
    await eventually(() => (streams[1]?.queued ?? size) < size - 524_288);
    expect(streams[0]?.queued).toBe(size - 262_144);
  });

  test("sends no faster than the backend reads", async () => {
    const resume = Promise.withResolvers<void>();
    let received = 0;
    const { origin } = await startHttp2Backend(stage, (stream) => {
      stream.pause();
      void resume.promise.then(() => stream.resume());
      stream.on("data", (bytes: Buffer) => {
        received += bytes.length;
      });
      stream.on("end", () => {
        stream.respond({ ":status": 200 });
        stream.end();
      });
    });
    const { send } = startPool(stage);
    const { reader, give, end, taken } = handedOver();
    const sending = send(http2At(origin), { method: "POST", body: reader });
    for (let count = 0; count < 200; count += 1) give(Buffer.alloc(65_536));
    end();
    let last = -1;
    await eventually(() => {
      const before = last;
      last = taken();
      return last > 0 && last === before;
    });
    expect(taken()).toBeLessThan(100);
    resume.resolve();
    expect((await sending).status).toBe(200);
    expect(received).toBe(200 * 65_536);
  });
});
