import { describe, expect, test } from "bun:test";
import { FieldList } from "../../../../src/http/field-list.ts";
import { Answer } from "../../../../src/pipeline/answer.ts";
import type { Channel } from "../../../../src/pipeline/channel.ts";
import type { ClientRequest } from "../../../../src/pipeline/client-request.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { contentFrom, readerFrom } from "../../../support/client-request.ts";
import { fieldsOf } from "../../../support/fields.ts";
import { drip, turn } from "../../proxy/network.ts";
import { echo, http1, FakeDelivery } from "./http1-world.ts";

const get = (target: string, fields = "") => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const post = (length: number, content = "", fields = "") =>
  `POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${fields}\r\n${content}`;

describe("a request", () => {
  test("is answered, and its connection carries the next", () => {
    const { receive, socket, requests, deliveries } = http1(echo);
    receive(get("/a", "X-A: 1\r\n"));
    receive(get("/b?c"));
    expect(requests).toMatchObject([
      { method: "GET", target: "/a", protocol: "HTTP/1.1", content: undefined },
      { method: "GET", target: "/b?c" },
    ]);
    const date = "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
    expect(socket.writes.map((text) => text.replace(/Date: [^\r]*\r\n/, date))).toEqual([
      `HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\n\r\n/a`,
      `HTTP/1.1 200 OK\r\n${date}Content-Length: 4\r\n\r\n/b?c`,
    ]);
    expect(deliveries).toMatchObject([
      { bytes: 2, over: "whole" },
      { bytes: 4, over: "whole" },
    ]);
    expect(socket.done).not.toContain("end");
  });

  test("is the same in whatever pieces it comes", () => {
    const { receive, requests } = http1(echo);
    for (const byte of `${get("/a")}\r\n${post(3, "abc")}${get("/b")}`) receive(byte);
    expect(requests.map(({ target }) => target)).toEqual(["/a", "/p", "/b"]);
  });

  test("that waits behind another is answered after it", async () => {
    const first = Promise.withResolvers<FakeDelivery>();
    const { receive, socket, requests } = http1((request) =>
      request.target === "/1" ? first.promise : echo(request),
    );
    receive(get("/1") + get("/2") + get("/3"));
    expect(requests).toHaveLength(1);
    first.resolve(new FakeDelivery(new Answer("one")));
    await turn();
    expect(socket.writes.map((text) => text.split("\r\n\r\n")[1])).toEqual(["one", "/2", "/3"]);
  });

  test("that has too much waiting behind it is read no further, until it is answered", async () => {
    const first = Promise.withResolvers<FakeDelivery>();
    const { receive, socket } = http1((request) =>
      request.target === "/1" ? first.promise : echo(request),
    );
    receive(get("/1"));
    receive(get(`/${"x".repeat(900)}`).repeat(80));
    expect(socket.done).toContain("pause");
    first.resolve(new FakeDelivery(new Answer("one")));
    await turn();
    expect(socket.done).toContain("resume");
  });

  test.each([
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET /\x01 HTTP/1.1\r\n", 400],
    ["\x16\x03\x01", 400],
    ["GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
    [`GET /${"x".repeat(1_000)}`, 431],
  ])("that is %p is refused with %i, and the connection ends", (bytes, status) => {
    const { receive, socket, requests } = http1(
      ({ refusal }) => new FakeDelivery(new Answer("no", { status: refusal?.status ?? 200 })),
    );
    receive(bytes);
    expect(requests).toMatchObject([{ refusal: { status } }]);
    expect(socket.text).toStartWith(`HTTP/1.1 ${status} `);
    expect(socket.text).toContain("\r\nConnection: close\r\n");
    expect(socket.done.some((what) => what === "end" || what === "shutdown")).toBe(true);
  });

  test("whose header section does not come in time is refused with 408", () => {
    const { receive, clock, requests } = http1(echo);
    receive("GET /slow HTTP/1.1\r\n");
    clock.advance(9_000);
    receive("Host: a\r\n");
    expect(requests).toEqual([]);
    clock.advance(1_000);
    expect(requests).toMatchObject([{ method: "GET", target: "/slow", refusal: { status: 408 } }]);
  });

  test.each([
    ["HTTP/1.0", "", "close"],
    ["HTTP/1.0", "Connection: keep-alive\r\n", "keep-alive"],
    ["HTTP/1.1", "Connection: close\r\n", "close"],
    ["HTTP/1.1", "", undefined],
  ])("of %s with %p is answered with Connection: %s", (version, fields, connection) => {
    const { receive, socket } = http1(echo);
    receive(`GET /a ${version}\r\nHost: a\r\n${fields}\r\n`);
    expect(/Connection: (.*)\r\n/.exec(socket.text)?.[1]).toBe(connection);
    expect(socket.done.includes("end")).toBe(connection === "close");
  });

  test("may be cut, at once or while its content is on its way", async () => {
    const stopping = new GatewayError("gateway_stopping", "stopping");
    const source = drip();
    const { receive, session, socket, deliveries } = http1(
      () => new FakeDelivery(new Answer(readerFrom(source.stream))),
    );
    receive(get("/a"));
    await turn();
    session.cut(stopping);
    source.break(stopping);
    await turn();
    expect(socket.done).toContain("terminate");
    expect(deliveries).toMatchObject([{ over: "gateway_stopping" }]);
  });

  test("whose handling fails has no answer", async () => {
    const { receive, errors, socket } = http1(() => Promise.reject(new Error("a defect")));
    receive(get("/a"));
    await turn();
    expect(errors).toEqual([new Error("a defect")]);
    expect(socket.done).toContain("terminate");
  });
});

describe("a request's content", () => {
  test("is there at once where it came with the header section", () => {
    const bodies: (string | undefined)[] = [];
    const { receive } = http1((request) => {
      bodies.push(Buffer.from(request.content?.takeWhole() ?? []).toString());
      return echo(request);
    });
    receive(post(3, "abc"));
    receive(post(0));
    expect(bodies).toEqual(["abc", ""]);
  });

  test("in chunks has its trailers", async () => {
    const read = Promise.withResolvers<ClientRequest>();
    const { receive } = http1(async (request) => {
      while (!(await request.content!.read()).done) continue;
      read.resolve(request);
      return echo(request);
    });
    receive("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    receive("0\r\nX-Sum: 6\r\n\r\n");
    expect((await read.promise).content?.trailers).toMatchObject(fieldsOf("X-Sum", "6"));
  });

  test("that is not valid cancels the exchange", async () => {
    const { receive, requests, socket } = http1(async (request) => {
      const failure = await request.content!.whole(100).catch((error: GatewayError) => error);
      return new FakeDelivery(new Answer("no", { status: (failure as GatewayError).status }));
    });
    receive("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    await turn();
    expect(requests[0]?.cancellation.reason).toMatchObject({ code: "bad_request" });
    expect(socket.text).toStartWith("HTTP/1.1 400 ");
    expect(socket.text).toContain("Connection: close");
  });

  test("is asked for with 100 when it is read, and not before, nor when it has come", async () => {
    const { receive, socket, requests } = http1(async (request) => {
      await request.content!.whole(10);
      return echo(request);
    });
    receive(post(3, "", "Expect: 100-Continue\r\n"));
    expect(socket.text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    receive("abc");
    await turn();
    receive(post(6, "def", "Expect: 100-continue\r\n"));
    receive("ghi");
    await turn();
    expect(requests).toHaveLength(2);
    expect(socket.text.match(/100 Continue/g)).toHaveLength(1);
  });

  test("that nobody asked for is not waited for", () => {
    const { receive, socket } = http1(echo);
    receive(post(3, "", "Expect: 100-continue\r\n"));
    expect(socket.text).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(socket.text).toContain("Connection: close\r\n");
  });

  test("that nobody reads is read and dropped if it is small, so that the connection stays", () => {
    const { receive, socket, requests } = http1(echo);
    receive(post(6, "abc"));
    receive(`def${get("/next")}`);
    expect(requests.map(({ target }) => target)).toEqual(["/p", "/next"]);
    expect(socket.text).not.toContain("Connection: close");
  });

  test("that nobody reads ends the connection if it is large, after the client has its answer", () => {
    const { receive, socket, clock } = http1(echo);
    receive(post(1_000_000, "abc"));
    expect(socket.text).toContain("Connection: close\r\n");
    expect(socket.done.at(-1)).toBe("shutdown");
    receive("x".repeat(1_000));
    expect(socket.done.at(-1)).toBe("shutdown");
    clock.advance(2_000);
    expect(socket.done.at(-1)).toBe("terminate");
  });

  test("that does not end while it is dropped is cut off", () => {
    const { receive, socket } = http1(echo);
    receive(post(1_000_000_000));
    for (let piece = 0; piece < 5; piece += 1) receive("x".repeat(1_048_576));
    expect(socket.done.at(-1)).toBe("terminate");
  });
});

describe("an answer's content", () => {
  const streaming = (length?: number, fields: string[] = []) => {
    const source = drip();
    const content = contentFrom(source.stream, length);
    const world = http1(
      () => new FakeDelivery(new Answer(content, { fields: new FieldList(fieldsOf(...fields)) })),
    );
    return { ...world, source, content };
  };

  test("of unknown length goes in chunks, its header section before it", async () => {
    const { receive, socket, source, deliveries } = streaming();
    receive(get("/a"));
    await turn();
    expect(socket.text).toEndWith("Transfer-Encoding: chunked\r\n\r\n");
    source.chunk(2);
    await turn();
    source.chunk(17);
    await turn();
    source.end();
    await turn();
    expect(socket.writes.slice(1)).toEqual([
      `2\r\n${"\0".repeat(2)}\r\n`,
      `11\r\n${"\0".repeat(17)}\r\n`,
      "0\r\n\r\n",
    ]);
    expect(deliveries).toMatchObject([{ bytes: 19, over: "whole" }]);
  });

  test("has its trailers behind it", async () => {
    const { receive, socket, content } = streaming();
    receive(get("/a"));
    content.push(Buffer.from("x"));
    content.finish(fieldsOf("X-Sum", "1"));
    await turn();
    expect(socket.text).toEndWith("1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n");
  });

  test("keeps its known length", async () => {
    const { receive, socket, source } = streaming(5, ["Content-Length", "5"]);
    receive(get("/a"));
    source.chunk(5);
    source.end();
    await turn();
    expect(socket.text).toEndWith(`Content-Length: 5\r\n\r\n${"\0".repeat(5)}`);
    expect(socket.text).not.toContain("chunked");
  });

  test("of unknown length ends with the connection for a client of HTTP/1.0", async () => {
    const { receive, socket, source } = streaming();
    receive("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    source.chunk(3);
    source.end();
    await turn();
    expect(socket.text).toContain("Connection: close\r\n");
    expect(socket.text).toEndWith(`\r\n\r\n${"\0".repeat(3)}`);
    expect(socket.done).toContain("end");
  });

  test("waits while the client's socket is full", async () => {
    const { receive, socket, session, source, deliveries } = streaming();
    socket.room = 50;
    receive(get("/a"));
    source.chunk(1_000);
    source.chunk(1_000);
    source.end();
    await turn();
    expect(deliveries[0]?.over).toBeUndefined();
    socket.room = Number.POSITIVE_INFINITY;
    session.drained();
    await turn();
    expect(deliveries).toMatchObject([{ bytes: 2_000, over: "whole" }]);
  });

  test("that is there, but that the client does not take, ends with the idle time", async () => {
    const { receive, socket, session, deliveries, clock, requests } = http1(echo);
    socket.room = 60;
    receive(get("/a"));
    clock.advance(74_999);
    socket.room = 1;
    session.drained();
    clock.advance(1);
    expect(deliveries).toMatchObject([{ over: undefined }]);
    clock.advance(75_000);
    await turn();
    expect(requests[0]?.cancellation.reason?.code).toBe("client_stalled");
    expect(socket.done).toContain("terminate");
    expect(deliveries).toMatchObject([{ over: "client_stalled" }]);
  });

  test("that has ended, but that the client does not take, ends with the idle time", async () => {
    const { receive, socket, source, deliveries, clock } = streaming();
    receive(get("/a"));
    await turn();
    socket.room = 50;
    source.chunk(1_000);
    source.end();
    await turn();
    clock.advance(75_000);
    await turn();
    expect(deliveries).toMatchObject([{ bytes: 1_000, over: "client_stalled" }]);
  });

  test("that breaks off breaks the connection off", async () => {
    const { receive, socket, source, deliveries } = streaming();
    receive(get("/a"));
    source.chunk(3);
    await turn();
    source.break(new GatewayError("backend_stalled", "silence"));
    await turn();
    expect(socket.done).toContain("terminate");
    expect(deliveries).toMatchObject([{ bytes: 3, over: "backend_stalled" }]);
  });

  test("is not sent to HEAD, whose answer keeps the length that it has", () => {
    const { receive, socket } = streaming(7, ["Content-Length", "7"]);
    receive("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(socket.text).toContain("Content-Length: 7\r\n");
    expect(socket.text).toEndWith("\r\n\r\n");
  });

  test.each([
    ["Date: now", "Date: now\r\n", "the answer's own Date stays"],
    ["Connection: x", "", "Connection is not the answer's to say"],
    ["Transfer-Encoding: gzip", "", "nor is Transfer-Encoding"],
    ["x-case: KEPT", "x-case: KEPT\r\n", "a field keeps its case"],
  ])("%p is sent as %p: %s", (field, sent) => {
    const [name = "", value = ""] = field.split(": ");
    const fields = new FieldList(fieldsOf(name, value));
    const { receive, socket } = http1(() => new FakeDelivery(new Answer("x", { fields })));
    receive(get("/a"));
    expect(socket.text.match(new RegExp(`${name}: .*\r\n`, "g"))?.join("") ?? "").toBe(sent);
  });
});

describe("a client", () => {
  test("that is idle is closed after the idle time", () => {
    const { receive, clock, socket, session } = http1(echo);
    receive(get("/a"));
    expect(session.isIdle).toBe(true);
    clock.advance(74_999);
    expect(socket.done).not.toContain("end");
    clock.advance(1);
    expect(socket.done).toContain("end");
  });

  test("that leaves cancels its exchange", async () => {
    const answer = Promise.withResolvers<FakeDelivery>();
    const { receive, session, requests, deliveries, gone } = http1(() => answer.promise);
    receive(get("/a"));
    session.closed(undefined);
    expect(requests[0]?.cancellation.reason).toMatchObject({ code: "client_closed" });
    expect(gone).toEqual([session]);
    answer.resolve(new FakeDelivery(new Answer("late")));
    await turn();
    expect(deliveries).toMatchObject([{ bytes: 0, over: "client_closed" }]);
  });

  test("that has closed its sending side still gets its answer, and those that wait theirs", async () => {
    const answer = Promise.withResolvers<FakeDelivery>();
    const { receive, session, socket } = http1((request) =>
      request.target === "/1" ? answer.promise : echo(request),
    );
    receive(get("/1") + get("/2"));
    session.ended();
    expect(socket.done).not.toContain("end");
    answer.resolve(new FakeDelivery(new Answer("one")));
    await turn();
    expect(socket.text).toContain("one");
    expect(socket.text).toContain("/2");
    expect(socket.done.at(-1)).toBe("end");
  });

  test("that has closed its sending side and waits long is sent an interim answer, which shows whether it is there", () => {
    const { receive, session, socket, clock } = http1(() => new Promise(() => {}));
    receive(get("/a"));
    session.ended();
    expect(socket.text).toBe("");
    clock.advance(1_000);
    expect(socket.text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  });

  test("that closes its sending side while nothing comes of its answer has left", async () => {
    const source = drip();
    const content = contentFrom(source.stream);
    const { receive, session, socket, clock, deliveries } = http1(
      () => new FakeDelivery(new Answer(content)),
    );
    receive(get("/a"));
    await turn();
    session.ended();
    source.chunk(1);
    await turn();
    clock.advance(1_000);
    expect(socket.done).not.toContain("terminate");
    clock.advance(1_000);
    expect(socket.done).toContain("terminate");
    source.end();
    await turn();
    expect(deliveries).toMatchObject([{ over: "client_closed" }]);
  });

  test("is not served what follows a CONNECT", () => {
    const { receive, socket, requests } = http1(echo);
    receive(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${get("/b")}`);
    expect(requests).toHaveLength(1);
    expect(socket.text).toContain("Connection: close\r\n");
  });

  test("that closes its sending side in the middle of its content has left", () => {
    const { receive, session, socket } = http1(() => new Promise(() => {}));
    receive(post(10, "abc"));
    session.ended();
    expect(socket.done).toContain("terminate");
  });

  test("that closes its sending side between requests is closed", () => {
    const { receive, session, socket } = http1(echo);
    receive(get("/a"));
    session.ended();
    expect(socket.done).toContain("end");
  });

  test("gets interim answers before the final one, unless it speaks HTTP/1.0", () => {
    const { receive, socket } = http1((request) => {
      request.interim(103, fieldsOf("Link", "</a>"));
      return echo(request);
    });
    receive(get("/a"));
    expect(socket.text).toStartWith("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200");
    receive("GET /b HTTP/1.0\r\n\r\n");
    expect(socket.text.match(/ 103 /g)).toHaveLength(1);
  });
});

describe("a session that is to end", () => {
  test("closes at once if it is idle", () => {
    const { session, socket } = http1(echo);
    session.drain();
    expect(socket.done).toContain("end");
  });

  test("takes no request after that", () => {
    const { session, receive, requests } = http1(echo);
    session.drain();
    receive(get("/a"));
    expect(requests).toEqual([]);
  });

  test("answers what is under way and says that it closes", async () => {
    const answer = Promise.withResolvers<FakeDelivery>();
    const { receive, session, socket } = http1(() => answer.promise);
    receive(get("/a"));
    session.drain();
    answer.resolve(new FakeDelivery(new Answer("done")));
    await turn();
    expect(socket.text).toContain("Connection: close\r\n");
    expect(socket.done).toContain("end");
  });

  test("may be destroyed", () => {
    const { session, socket } = http1(echo);
    session.destroy();
    expect(socket.done).toEqual(["terminate"]);
  });
});

describe("an upgrade", () => {
  function upgraded() {
    const { promise, resolve } = Promise.withResolvers<Channel>();
    const world = http1(
      () =>
        new FakeDelivery(
          new Answer(null, {
            status: 101,
            fields: new FieldList(fieldsOf("Upgrade", "tcp")),
            tunnel: (channel) => resolve(channel),
          }),
        ),
    );
    return { ...world, channel: promise };
  }

  test("gives the connection over, what came behind the request included", async () => {
    const { receive, socket, session, channel, deliveries } = upgraded();
    receive(`${get("/a", "Connection: upgrade\r\nUpgrade: tcp\r\n")}early`);
    expect(socket.text).toStartWith("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\n");
    expect(socket.text).toContain("Connection: upgrade\r\n");
    const events: string[] = [];
    const client = await channel;
    client.open({
      received: (bytes) => void events.push(bytes.toString()),
      drained: () => void events.push("drained"),
      ended: () => void events.push("ended"),
      closed: () => void events.push("closed"),
    });
    receive("late");
    socket.room = 2;
    expect(client.write(Buffer.from("full"))).toBe(false);
    socket.room = 100;
    session.drained();
    session.ended();
    client.end();
    expect(socket.done.at(-1)).toBe("shutdown");
    expect(deliveries[0]?.over).toBeUndefined();
    session.closed(undefined);
    expect(events).toEqual(["early", "late", "drained", "ended", "closed"]);
    expect(deliveries[0]?.over).toBe("whole");
  });

  test("leaves the end of the connection to the tunnel, also when the exchange is cancelled", async () => {
    const { receive, socket, requests, channel } = upgraded();
    receive(get("/a", "Connection: upgrade\r\nUpgrade: tcp\r\n"));
    await channel;
    requests[0]?.cancellation.cancel(new GatewayError("exchange_timeout", "too long"));
    expect(socket.done).not.toContain("terminate");
  });

  test("tells of a client that had closed its sending side before", async () => {
    const answer = Promise.withResolvers<FakeDelivery>();
    const events: string[] = [];
    const { receive, session, clock } = http1(() => answer.promise);
    receive(get("/a", "Connection: upgrade\r\nUpgrade: tcp\r\n"));
    session.ended();
    const tunnel = (client: Channel) =>
      client.open({
        received: () => void events.push("received"),
        drained: () => void events.push("drained"),
        ended: () => void events.push("ended"),
        closed: () => void events.push("closed"),
      });
    answer.resolve(new FakeDelivery(new Answer(null, { status: 101, tunnel })));
    await turn();
    expect(events).toEqual(["ended"]);
    expect(clock.pending).toBe(0);
  });
});
