import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { ChunkedDecoder } from "../../../src/wire/chunked.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { BackendAnswer } from "../../../src/transport/backend-answer.ts";
import { Cancellation } from "../../../src/pipeline/cancellation.ts";
import { createStage } from "../../support/stage.ts";
import { rejection } from "../proxy/network.ts";
import {
  contentOf,
  lasting,
  numbered,
  type RequestChanges,
  standstill,
  startPool,
  startSocketBackend,
  streamOf,
} from "./support.ts";

const stage = createStage();

describe("a request of some megabytes to a backend that takes it only later", () => {
  const CONTENT = numbered(24);
  const KNOWN_LENGTH = ["content-length", `${CONTENT.length}`];
  const PIECE = 65_536;
  const pieces = Array.from({ length: CONTENT.length / PIECE }, (_, index) =>
    CONTENT.subarray(index * PIECE, (index + 1) * PIECE),
  );

  /** Begins to send to a backend that reads nothing yet. */
  async function begin(changes: RequestChanges) {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const url = await startSocketBackend(stage, resolve);
    const { send } = startPool(stage);
    const answering = send(url, { method: "PUT", fields: KNOWN_LENGTH, ...changes });
    return { answering, socket: await promise };
  }

  /** Reads a request's content to its end, and answers. */
  async function take(
    socket: Socket,
    answering: Promise<BackendAnswer>,
    isWhole: (bytes: Buffer) => boolean,
  ) {
    const received: Buffer[] = [];
    socket.on("data", (piece: Buffer) => {
      received.push(piece);
      if (isWhole(piece)) socket.write(lasting("done"));
    });
    socket.resume();
    expect(await contentOf(await answering)).toBe("done");
    const bytes = Buffer.concat(received);
    return bytes.subarray(bytes.indexOf("\r\n\r\n") + 4);
  }

  /** Whether so much has come, the header section aside. */
  function counted(): (piece: Buffer) => boolean {
    let left = CONTENT.length;
    let isHead = true;
    return (piece) => {
      left -= piece.length - (isHead ? piece.indexOf("\r\n\r\n") + 4 : 0);
      isHead = false;
      return left === 0;
    };
  }

  test("is read from a stream no faster than that, and arrives whole", async () => {
    const { stream, state } = streamOf(pieces);
    const { answering, socket } = await begin({ body: stream });
    await standstill(() => state.taken);
    expect(state.taken).toBeLessThan(pieces.length);
    const content = await take(socket, answering, counted());
    expect(content.equals(CONTENT)).toBe(true);
  });

  test("is read from a stream no faster than that, and arrives whole in chunks", async () => {
    const { stream, state } = streamOf(pieces);
    const { answering, socket } = await begin({ body: stream, fields: [] });
    await standstill(() => state.taken);
    expect(state.taken).toBeLessThan(pieces.length);
    const end = Buffer.from("\r\n0\r\n\r\n");
    let last = Buffer.alloc(0);
    const chunks = await take(socket, answering, (piece) => {
      last = Buffer.concat([last, piece]).subarray(-end.length);
      return last.equals(end);
    });
    const content: Uint8Array[] = [];
    const decoder = new ChunkedDecoder();
    expect(decoder.decode(chunks, (piece) => content.push(piece))).toBe(chunks.length);
    expect(decoder.over).toBe(true);
    expect(Buffer.concat(content).equals(CONTENT)).toBe(true);
  });

  test("arrives whole though it is at hand in one piece", async () => {
    const { answering, socket } = await begin({ body: CONTENT });
    const content = await take(socket, answering, counted());
    expect(content.equals(CONTENT)).toBe(true);
  });

  test("follows its header section, even if that alone is more than the backend accepts", async () => {
    const { stream, state } = streamOf([Buffer.from("abc"), Buffer.from("def")]);
    const fields = ["x-a", "x".repeat(CONTENT.length), "content-length", "6"];
    const { answering, socket } = await begin({ body: stream, fields });
    await standstill(() => state.taken);
    const content = await take(socket, answering, (piece) => piece.includes("f", piece.length - 1));
    expect(content.toString()).toBe("abcdef");
  });

  test.each(["broken off", "reset"])("is cancelled when it is %s meanwhile", async (how) => {
    const { stream, state } = streamOf(pieces);
    const cancellation = new Cancellation();
    const { answering, socket } = await begin({ body: stream, cancellation });
    const failure = rejection(answering);
    await standstill(() => state.taken);
    if (how === "reset") socket.resetAndDestroy();
    else cancellation.cancel(new GatewayError("client_closed", "gone"));
    expect(await failure).toMatchObject({
      code: how === "reset" ? "backend_connection_closed" : "client_closed",
    });
    expect(state.cancelled).toBe(true);
    expect(state.taken).toBeLessThan(pieces.length);
  });
});
