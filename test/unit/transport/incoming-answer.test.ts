import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { AnswerHeadReader } from "../../../src/wire/answer-head.ts";
import { Malformed } from "../../../src/wire/malformed.ts";
import type { Flow } from "../../../src/pipeline/incoming-content.ts";
import { IncomingAnswer } from "../../../src/transport/incoming-answer.ts";
import { linesOf } from "../../support/fields.ts";
import { rejection, turn } from "../proxy/network.ts";
import { contentOf, piecesOf } from "./support.ts";

const bytesOf = (text: string) => Buffer.from(text, "latin1");

/** Notes what the answer wants of its connection. */
class FakeFlow implements Flow {
  readonly done: string[] = [];

  pause(): void {
    this.done.push("pause");
  }

  resume(): void {
    this.done.push("resume");
  }

  abandon(): void {
    this.done.push("abandon");
  }
}

function incoming({ isForHead = false } = {}) {
  const flow = new FakeFlow();
  const answer = new IncomingAnswer(isForHead, flow, new AnswerHeadReader());
  return { answer, done: flow.done, receive: (text: string) => answer.receive(bytesOf(text)) };
}

/** An answer that has received this. */
function received(text: string, options?: { isForHead?: boolean }): IncomingAnswer {
  const { answer, receive } = incoming(options);
  receive(text);
  return answer;
}

const text = async (content: Uint8Array | Promise<Uint8Array>) =>
  Buffer.from(await content).toString("latin1");

describe("an answer", () => {
  test("has begun with its first byte, and its head with the last one of that", () => {
    const { answer, receive } = incoming();
    expect(answer).toMatchObject({ begun: false, hasHead: false, complete: false });
    receive("");
    expect(answer.begun).toBe(false);
    receive("H");
    expect(answer).toMatchObject({ begun: true, hasHead: false });
    receive("TTP/1.1 404 Not Found\r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r");
    expect(answer.hasHead).toBe(false);
    receive("\n");
    expect(answer).toMatchObject({ hasHead: true, status: 404, statusText: "Not Found" });
    expect(answer.fields.get("x-a")).toBe("1");
    expect(linesOf(answer.fields.list)).toBe("X-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n");
    expect(answer.begun).toBe(true);
  });

  test.each([
    ["nothing", "Content-Length: 0\r\n\r\n", ""],
    ["a Content-Length", "Content-Length: 3\r\n\r\nabc", "abc"],
    ["chunks", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc"],
  ])(
    "with %s is complete with the last byte, and its connection persists",
    async (_name, rest, content) => {
      const answer = received(`HTTP/1.1 200 OK\r\n${rest}`);
      expect(answer).toMatchObject({ complete: true, persists: true });
      expect(answer.end()).toBe(true);
      expect(await contentOf(answer)).toBe(content);
    },
  );

  test("of unknown length ends with its connection", async () => {
    const answer = received("HTTP/1.1 200 OK\r\n\r\nab");
    expect(answer).toMatchObject({ complete: false, persists: false });
    answer.receive(bytesOf("c"));
    expect(answer.end()).toBe(true);
    expect(answer.complete).toBe(true);
    expect(await contentOf(answer)).toBe("abc");
  });

  test.each([
    "",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
  ])("does not end with its connection behind %p", (beginning) => {
    const answer = received(beginning);
    expect(answer.end()).toBe(false);
    expect(answer.complete).toBe(false);
  });

  test.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true],
    ["HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true],
    ["HEAD", "HTTP/1.1 200 OK\r\n\r\n", true],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n", false],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", false],
  ])("to %s that is %p has no content", (_method, head, isForHead) => {
    const answer = received(head, { isForHead });
    expect(answer).toMatchObject({ complete: true, persists: true });
    expect(answer.content).toBeUndefined();
  });

  test.each([
    ["HTTP/1.1 204 No Content\r\n\r\nabc", false],
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", false],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nd", false],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
  ])("that is %p is the last one of its connection", (bytes, isForHead) => {
    expect(received(bytes, { isForHead })).toMatchObject({ complete: true, persists: false });
  });

  test("follows interim ones, which are skipped", async () => {
    const answer = received(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n",
    );
    expect(answer).toMatchObject({ begun: true, hasHead: false });
    answer.receive(bytesOf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"));
    expect(answer).toMatchObject({ status: 200, complete: true, persists: true });
    expect(answer.fields.has("link")).toBe(false);
    expect(await contentOf(answer)).toBe("a");
  });

  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  test.each([
    ["the first line is not a status line", "SSH-2.0-x"],
    ["the first line is not a status line", "\n"],
    ["the first line is not a status line", "HTTP/2"],
    ["the first line is not a status line", `${interim}<`],
    ["the first line is not a status line", "HTTP/1.1 2000\r\n\r\n"],
    ["a control character in the header section", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
    ["a control character in the header section", `${interim}HTTP/1.1 200 OK\r\nX: \0`],
    ["an unrequested 101", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["too many 1xx answers", interim.repeat(33)],
    ["a header section of more than 65536 bytes", `HTTP/1.1 200 ${"x".repeat(65_524)}`],
    ["a header section of more than 65536 bytes", `HTTP/1.1 200 ${"x".repeat(65_524)}\r\n\r\n`],
    [
      "a chunk size that is not a number",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ],
  ])("is malformed for %s", (message, bytes) => {
    expect(() => received(bytes)).toThrow(new Malformed(message));
    const { receive } = incoming();
    expect(() => bytes.match(/.{1,7000}/gs)?.forEach(receive)).toThrow(new Malformed(message));
  });

  test("may have 32 interim ones before it, and a header section of 65536 bytes", () => {
    const answer = received(interim.repeat(32));
    answer.receive(bytesOf(`HTTP/1.1 200 ${"x".repeat(65_523)}\r\n\r\n`));
    expect(answer).toMatchObject({ hasHead: true, status: 200 });
  });

  test("is the same in whatever pieces it comes, and whenever it is read", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("length", "chunks", "close"),
        fc.nat({ max: 2 }),
        fc.string({ unit: "binary-ascii", maxLength: 60 }),
        fc.array(fc.nat({ max: 300 }), { maxLength: 20 }),
        fc.boolean(),
        async (framing, interims, content, cuts, isReadAtOnce) => {
          seen.add(framing);
          const { answer, receive, done } = incoming();
          const bytes = interim.repeat(interims) + written(framing, content);
          let early: Promise<string> | undefined;
          const places = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
          for (const [index, place] of places.entries()) {
            receive(bytes.slice(place, places[index + 1]));
            if (!isReadAtOnce) continue;
            if (answer.hasHead) early ??= contentOf(answer);
            await turn();
          }
          expect(answer.end()).toBe(true);
          expect(await (early ?? contentOf(answer))).toBe(content);
          expect(answer).toMatchObject({ status: 201, statusText: "Made", complete: true });
          expect(answer.persists).toBe(framing !== "close");
          expect(answer.fields.get("x-a")).toBe("1");
          expect(done).toEqual([]);
        },
      ),
    );
    expect(seen.size).toBe(3);
  });
});

function written(framing: "length" | "chunks" | "close", content: string): string {
  const head = "HTTP/1.1 201 Made\r\nX-A: 1\r\n";
  if (framing === "length") return `${head}Content-Length: ${content.length}\r\n\r\n${content}`;
  if (framing === "close") return `${head}\r\n${content}`;
  const chunks = (content.match(/.{1,7}/gs) ?? []).map(
    (chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`,
  );
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`;
}

describe("an answer's content", () => {
  const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";

  test("is there at once where it came in one piece", () => {
    const content = received(`${HEAD}abcdef`).content!.takeWhole();
    expect(content).toEqual(bytesOf("abcdef"));
  });

  test("is put together from pieces, those to come included", async () => {
    const answer = received(`${HEAD}ab`);
    const whole = text(answer.content!.whole(6));
    answer.receive(bytesOf("cd"));
    answer.receive(bytesOf("ef"));
    expect(await whole).toBe("abcdef");
  });

  test("is read piece by piece, as it arrives", async () => {
    const answer = received(`${HEAD}ab`);
    const reader = answer.content!;
    expect(await reader.read()).toEqual({ done: false, value: bytesOf("ab") });
    const next = reader.read();
    answer.receive(bytesOf("cdef"));
    expect(await next).toEqual({ done: false, value: bytesOf("cdef") });
    expect(await reader.read()).toEqual({ done: true });
  });

  test("that breaks off can be read up to there", async () => {
    const answer = received(`${HEAD}ab`);
    const reader = answer.content!;
    const failure = new Error("broken");
    answer.fail(failure);
    answer.fail(new Error("another one, too late"));
    expect(await reader.read()).toEqual({ done: false, value: bytesOf("ab") });
    expect(await rejection(reader.read())).toBe(failure);
    expect(await rejection(reader.read())).toBe(failure);
  });

  test("that breaks off rejects a pending read", async () => {
    const answer = received(`${HEAD}ab`);
    const whole = rejection(answer.content!.whole(6));
    await turn();
    const failure = new Error("broken");
    answer.fail(failure);
    expect(await whole).toBe(failure);
  });

  test("that is complete does not break off", async () => {
    const answer = received(`${HEAD}abcdef`);
    answer.fail(new Error("too late"));
    expect(await contentOf(answer)).toBe("abcdef");
  });

  test("that nobody reads makes the backend wait", async () => {
    const { answer, receive, done } = incoming();
    receive("HTTP/1.1 200 OK\r\n\r\n");
    const kilobytes = (count: number) => "x".repeat(count * 1_024);
    receive(kilobytes(256));
    expect(done).toEqual([]);
    receive("x");
    receive("y");
    expect(done).toEqual(["pause"]);
    const reader = answer.content!;
    for (let piece = 0; piece < 2; piece += 1) await reader.read();
    expect(done).toEqual(["pause"]);
    const next = reader.read();
    expect(done).toEqual(["pause", "resume"]);
    receive(kilobytes(300));
    expect((await next).value).toHaveLength(300 * 1_024);
    expect(done).toEqual(["pause", "resume"]);
    receive(kilobytes(257));
    expect(done).toEqual(["pause", "resume", "pause"]);
    answer.end();
    expect(await piecesOf(reader)).toHaveLength(1);
  });

  test("that nobody wants any more ends the connection", async () => {
    const { answer, receive, done } = incoming();
    receive(`${HEAD}ab`);
    await answer.content!.cancel(undefined);
    expect(done).toEqual(["abandon"]);
  });

  test("whose rest is not wanted has ended for a remaining reader", async () => {
    const { answer, done, receive } = incoming();
    receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    const reading = answer.content!.read();
    await answer.content!.cancel(undefined);
    expect((await reading).done).toBe(true);
    expect((await answer.content!.read()).done).toBe(true);
    expect(done).toEqual(["abandon"]);
  });

  test("that nobody wants any more, but that has come, leaves the connection alone", async () => {
    const { answer, receive, done } = incoming();
    receive(`${HEAD}abcdef`);
    await answer.content!.cancel(undefined);
    expect(done).toEqual([]);
    expect(await answer.content!.read()).toEqual({ done: true });
  });
});
