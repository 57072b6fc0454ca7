import type { Http2Client, StreamRecord } from "../../support/http2-client.ts";
import { frame, headers, uint32 } from "../../support/http2-frames.ts";
import { check, type Context, fail, same, section, type WireCase } from "../case.ts";
import { wholeRequests } from "../refusal.ts";

type Fields = readonly (readonly [name: string, value: string])[];

const MALFORMED = "RFC 9113 8.1.1 (MUST)";
/** What would be a request of its own if it reached the backend as it is. */
const HIDDEN = "GET /public/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** Requests by HTTP/2 become requests of HTTP/1.1: with the same meaning, and no other. */
export const http2 = section("http2", [
  [
    "a request reaches the backend in HTTP/1.1 with its path, Host and fields",
    "RFC 9113 8.3.1",
    async (context) => {
      const { stream } = await ask(context, get(context, {}, [["x-a", "caf\xe9"]]));
      same(statusOf(stream), "200", "status");
      const [seen] = context.backend.requests;
      same(seen?.head.line, `GET ${context.path()} HTTP/1.1`, "request line");
      same(seen?.head.all("x-a"), ["caf\xe9"], "X-A");
      same(seen?.head.all("x-forwarded-host"), ["wire.test"], "X-Forwarded-Host");
      same(seen?.head.has("transfer-encoding"), false, "Transfer-Encoding");
    },
  ],
  [
    "content of known length keeps its length, other content comes in chunks",
    "RFC 9112 6.1",
    async (context) => {
      await ask(context, post(context, [["content-length", "4"]]), "body");
      await ask(context, post(context), "body");
      const [known, unknown] = context.backend.requests;
      same(known?.head.all("content-length"), ["4"], "Content-Length");
      same(unknown?.head.all("transfer-encoding"), ["chunked"], "Transfer-Encoding");
      for (const seen of [known, unknown]) {
        same((await seen?.content)?.bytes.toString(), "body", "content");
      }
    },
  ],
  [
    "the pieces of Cookie become one field",
    "RFC 9113 8.2.3",
    async (context) => {
      const pieces: Fields = [
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ];
      await ask(context, get(context, {}, pieces));
      same(context.backend.requests[0]?.head.all("cookie"), ["a=1; b=2"], "Cookie");
    },
  ],
  [
    "trailers pass both ways, but none that would frame or route a message",
    "RFC 9110 6.5.1",
    async (context) => {
      context.backend.script = (seen) =>
        seen.send(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 2\r\nContent-Length: 9\r\n\r\n",
        );
      const client = await context.connectHttp2();
      client.send(
        headers(1, [...post(context), ["te", "trailers"]], false),
        frame(0, 0, 1, Buffer.from("body")),
        headers(1, [
          ["x-sum", "1"],
          ["content-length", "9"],
          ["host", "evil.test"],
        ]),
      );
      const stream = await client.answer(1);
      same(stream.sections.at(-1), [["x-sum", "2"]], "trailers of the answer");
      const content = await context.backend.requests[0]?.content;
      same(content?.trailers, [["x-sum", "1"]], "trailers of the request");
    },
  ],
  [
    "an answer comes without fields of the backend's connection",
    "RFC 9113 8.2.2 (MUST)",
    async (context) => {
      context.backend.script = (seen) =>
        seen.answer("ok", ["Connection: x-hop", "X-Hop: 1", "Keep-Alive: timeout=5", "X-End: 1"]);
      const { stream } = await ask(context, get(context));
      const names = new Set(stream.sections.flat().map(([name]) => name));
      for (const name of ["connection", "x-hop", "keep-alive", "transfer-encoding"]) {
        check(!names.has(name), `${name} has come through`);
      }
      check(names.has("x-end"), "X-End is missing");
    },
  ],
  [
    "an answer that breaks off is reset or an error, and never looks complete",
    "RFC 9113 8.1",
    async (context) => {
      context.backend.script = (seen) =>
        seen.last("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      const { stream, client } = await ask(context, get(context));
      const isError = Number(statusOf(stream)) >= 500;
      check(isError || (stream.resetBy !== undefined && !stream.isEnded), "it looks complete");
      await client.pong();
    },
  ],
  [
    "an upload that is reset never looks complete to the backend",
    "RFC 9113 8.1",
    async (context) => {
      const arrived = context.backend.next();
      const client = await context.connectHttp2();
      client.send(headers(1, post(context), false), frame(0, 0, 1, Buffer.alloc(70_000 / 5, "x")));
      // More than is collected before the backend is asked.
      for (let piece = 0; piece < 6; piece += 1) client.send(frame(0, 0, 1, Buffer.alloc(14_000)));
      const seen = await arrived;
      client.send(frame(3, 0, 1, uint32(8)));
      await client.pong();
      same((await seen.content).complete, false, "whether it was complete");
    },
  ],
  [
    "requests that come together on one connection get each its own answer",
    "RFC 9113 5",
    async (context) => {
      context.backend.script = (seen) => seen.answer(seen.target);
      const client = await context.connectHttp2();
      const ids = Array.from({ length: 50 }, (_, index) => 2 * index + 1);
      client.send(
        ...ids.map((id) => headers(id, get(context, { ":path": context.path(`/${id}`) }))),
      );
      for (const id of ids) {
        same((await client.answer(id)).content, context.path(`/${id}`), `answer ${id}`);
      }
    },
  ],

  refused("Transfer-Encoding", (context) => post(context, [["transfer-encoding", "chunked"]])),
  refused("Connection", (context) => get(context, {}, [["connection", "x-a"]])),
  refused("Upgrade", (context) => get(context, {}, [["upgrade", "h2c"]])),
  refused("Content-Length above its content", (context) =>
    post(context, [["content-length", "9"]]),
  ),
  refused("Content-Length below its content", (context) =>
    post(context, [["content-length", "1"]]),
  ),
  refused("two Content-Length", (context) =>
    post(context, [
      ["content-length", "4"],
      ["content-length", "4"],
    ]),
  ),
  refused("a list of lengths", (context) => post(context, [["content-length", "4, 4"]])),
  refused("a length with a sign", (context) => post(context, [["content-length", "+4"]])),
  refused("a line break in a value", (context) =>
    get(context, {}, [["x-a", `b\r\n\r\n${HIDDEN}`]]),
  ),
  refused("a bare LF in a value", (context) => get(context, {}, [["x-a", "b\nx-c: d"]])),
  refused("a bare CR in a value", (context) => get(context, {}, [["x-a", "b\rx-c: d"]])),
  refused("NUL in a value", (context) => get(context, {}, [["x-a", "b\0c"]])),
  refused("a line break in a name", (context) => get(context, {}, [[`x: y\r\n${HIDDEN}`, "1"]])),
  refused("a colon in a name", (context) =>
    post(context, [["transfer-encoding: chunked\r\nx", "1"]]),
  ),
  refused("a blank after a name", (context) => post(context, [["transfer-encoding ", "chunked"]])),
  refused("an upper-case name", (context) => post(context, [["Transfer-Encoding", "chunked"]])),
  refused("a line break in :path", (context) =>
    get(context, { ":path": `${context.path()} HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}` }),
  ),
  refused("a blank in :path", (context) => get(context, { ":path": `${context.path()} HTTP/1.1` })),
  refused("a :path that is a URL", (context) => get(context, { ":path": "http://evil.test/" })),
  refused("an empty :path", (context) => get(context, { ":path": "" })),
  refused("a line break in :method", (context) =>
    get(context, { ":method": `GET ${context.path()} HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}` }),
  ),
  refused("a blank in :method", (context) => get(context, { ":method": "GET /public/smuggled" })),
  refused("a line break in :authority", (context) =>
    get(context, { ":authority": "a\r\nx-smuggled: 1" }),
  ),
  refused("a path in :authority", (context) => get(context, { ":authority": "a/b" })),
  refused("user information in :authority", (context) => get(context, { ":authority": "u@a" })),
  refused("another Host than :authority", (context) => get(context, {}, [["host", "evil.test"]])),
  refused("two Host", (context) =>
    get(context, { ":authority": undefined }, [
      ["host", "wire.test"],
      ["host", "evil.test"],
    ]),
  ),
  refused("neither :authority nor Host", (context) => get(context, { ":authority": undefined })),
  refused("a line break in :scheme", (context) => get(context, { ":scheme": "http\r\nx: y" })),
  refused("a pseudo-field after others", (context) => [
    ...get(context, { ":path": undefined }),
    [":path", context.path()],
  ]),
  refused("two :path", (context) => get(context, {}, [[":path", "/public/smuggled"]])),
  refused("an unknown pseudo-field", (context) => get(context, { ":protocol": "websocket" })),
]);

/** A request's fields, with others in place of its own; undefined leaves one out. */
function get(
  context: Context,
  changes: Readonly<Record<string, string | undefined>> = {},
  more: Fields = [],
): Fields {
  const own = {
    ":method": "GET",
    ":scheme": context.scheme,
    ":path": context.path(),
    ":authority": "wire.test",
  };
  return [
    ...Object.entries({ ...own, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
    ["x-case", context.token],
    ...more,
  ];
}

function post(context: Context, more: Fields = []): Fields {
  return get(context, { ":method": "POST" }, more);
}

async function ask(
  context: Context,
  fields: Fields,
  content?: string,
): Promise<{ stream: StreamRecord; client: Http2Client }> {
  const client = await context.connectHttp2();
  client.send(headers(1, fields, content === undefined));
  if (content !== undefined) client.send(frame(0, 1, 1, Buffer.from(content)));
  const stream = await client.answer(1);
  return { stream, client };
}

function statusOf({ sections }: StreamRecord): string | undefined {
  return sections.flat().find(([name]) => name === ":status")?.[1];
}

/** The request is refused, and the backend never gets a whole one out of it; others go on. */
function refused(
  what: string,
  fields: (context: Context) => Fields,
): readonly [string, string, WireCase["run"]] {
  const run = async (context: Context): Promise<string> => {
    const content = fields(context).some(([, value]) => value === "POST") ? "body" : undefined;
    const { stream, client } = await ask(context, fields(context), content);
    const status = statusOf(stream);
    if (status !== undefined && Number(status) < 400) fail(`answered ${status}`);
    check((await wholeRequests(context)).length === 0, "the backend got a whole request");
    await client.pong();
    return status ?? "reset";
  };
  return [`a request with ${what} is refused`, MALFORMED, run];
}
