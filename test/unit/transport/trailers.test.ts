import { describe, expect, test } from "bun:test";
import { type Field, fieldOf } from "../../../src/http/field.ts";
import type { ContentReader } from "../../../src/pipeline/content.ts";
import { fieldsOf, linesOf } from "../../support/fields.ts";
import { startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { contentOf, isUsedAgain, lasting, startPool } from "./support.ts";

const stage = createStage();

/** Content in one piece, with fields behind it. */
function uploadOf(text: string, trailers: readonly Field[] | undefined): ContentReader {
  const pieces = [Buffer.from(text)];
  let isOver = false;
  return {
    async read() {
      const value = pieces.shift();
      isOver = value === undefined;
      return isOver ? { done: true } : { done: false, value };
    },
    cancel: async () => {},
    get trailers() {
      return isOver ? trailers : undefined;
    },
  };
}

/** What the trailers are of an answer in chunks with these fields and trailers. */
async function trailersOf(fields: string, trailers: string) {
  const backend = await startRawBackend(stage, (request) => {
    request.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${fields}\r\n`);
    request.send(`3\r\nabc\r\n0\r\n${trailers}\r\n`);
  });
  const { send } = startPool(stage);
  const answer = await send(backend.url);
  expect(await contentOf(answer)).toBe("abc");
  return { answer, trailers: answer.content?.trailers };
}

describe("trailers of a backend's answer", () => {
  test("are there once its content has been read, and are announced", async () => {
    const { answer, trailers } = await trailersOf(
      "Trailer: X-Sum, Host\r\n",
      "X-Sum: 1\r\nHost: a\r\nx-sum: 2\r\n",
    );
    expect(linesOf(trailers ?? [])).toBe("X-Sum: 1\r\nx-sum: 2\r\n");
    expect(answer.fields.get("trailer")).toBe("X-Sum, Host");
  });

  test("are not for the client if they are for the connection", async () => {
    const { trailers } = await trailersOf("Connection: x-sum\r\n", "X-Sum: 1\r\nX-B: 2\r\n");
    expect(linesOf(trailers ?? [])).toBe("X-B: 2\r\n");
  });

  test("are not announced where none can follow", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 0\r\n\r\n");
    });
    const { send } = startPool(stage);
    expect((await send(backend.url)).fields.has("trailer")).toBe(false);
  });
});

describe("trailers of a request", () => {
  test.each([
    ["some", fieldsOf("X-Sum", "caf\u00E9", "x-b", "2"), "X-Sum: caf\u00E9\r\nx-b: 2\r\n"],
    ["none", undefined, ""],
  ])("reach the backend behind the last chunk: %s", async (_what, trailers, lines) => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const coming = backend.next();
    const answering = send(backend.url, { method: "POST", body: uploadOf("abc", trailers) });
    const request = await coming;
    await request.received(`3\r\nabc\r\n0\r\n${lines}\r\n`);
    request.send(lasting("done"));
    expect(await contentOf(await answering)).toBe("done");
    await isUsedAgain(request, () => send(backend.url, { target: "/2" }), "GET /2 ");
  });

  test("go nowhere where the content has a length", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const coming = backend.next();
    const answering = send(backend.url, {
      method: "POST",
      fields: ["content-length", "3"],
      body: uploadOf("abc", [fieldOf("X-Sum", "1")]),
    });
    const request = await coming;
    await request.received("abc");
    request.send(lasting());
    await answering;
    await isUsedAgain(request, () => send(backend.url, { target: "/2" }), "abcGET /2 ");
  });

  test("are wanted from the backend, for this hop, if the client wants them", async () => {
    const backend = await startRawBackend(stage);
    const { send } = startPool(stage);
    const coming = backend.next();
    const answering = send(backend.url, { fields: ["host", "a", "te", "trailers"] });
    const request = await coming;
    expect(request.all("te")).toEqual(["trailers"]);
    expect(request.all("connection")).toEqual(["te"]);
    request.send(lasting());
    await answering;
  });
});

describe("interim answers of a backend", () => {
  /** The interim answers that reach the client. */
  async function passedOn(bytes: string): Promise<string[]> {
    const backend = await startRawBackend(stage, (request) => request.send(bytes));
    const { send } = startPool(stage);
    const passed: string[] = [];
    const interim = (status: number, fields: readonly Field[]) => {
      passed.push(`${status} ${linesOf(fields)}`);
    };
    const answer = await send(backend.url, {
      from: { clientConnection: undefined, request: { interim } },
    });
    expect(answer.status).toBe(200);
    expect(answer.fields.has("link")).toBe(false);
    expect(await contentOf(answer)).toBe("final");
    return passed;
  }

  test("are passed on as they arrive, with their fields", async () => {
    const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nlink: </b>\r\n\r\n";
    expect(await passedOn(`${hints}HTTP/1.1 102 Processing\r\n\r\n${lasting("final")}`)).toEqual([
      "103 Link: </a>\r\nlink: </b>\r\n",
      "102 ",
    ]);
  });

  test("are passed on without what is for the connection, or would frame content", async () => {
    const fields = "Connection: x-a\r\nX-A: 1\r\nKeep-Alive: 5\r\nContent-Length: 9\r\nX-B: 2\r\n";
    expect(await passedOn(`HTTP/1.1 103 \r\n${fields}\r\n${lasting("final")}`)).toEqual([
      "103 X-B: 2\r\n",
    ]);
  });

  test("are not passed on if they tell the gateway to go on", async () => {
    expect(await passedOn(`HTTP/1.1 100 Continue\r\n\r\n${lasting("final")}`)).toEqual([]);
  });
});
