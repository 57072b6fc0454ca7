import { type Context, check, same, section } from "../case.ts";
import { refused, refusedOrHarmless } from "../refusal.ts";

const CHUNKS = "RFC 9112 7.1";

/** Chunked content that is not well-formed. */
export const hostileChunks = section("hostile chunks", [
  bad("a chunk size that is no number", "g\r\nbody\r\n0\r\n\r\n"),
  bad("a negative chunk size", "-4\r\nbody\r\n0\r\n\r\n"),
  bad("a chunk size with a plus", "+4\r\nbody\r\n0\r\n\r\n"),
  bad("a chunk size with 0x", "0x4\r\nbody\r\n0\r\n\r\n"),
  bad("an empty chunk size", "\r\nbody\r\n0\r\n\r\n"),
  bad("a chunk size over 64 bits", "10000000000000004\r\nbody\r\n0\r\n\r\n"),
  bad("a chunk size with an underscore", "0_4\r\nbody\r\n0\r\n\r\n"),
  bad("a chunk longer than its size", "3\r\nbody\r\n0\r\n\r\n"),
  bad("a chunk without CRLF behind it", "4\r\nbody0\r\n\r\n"),
  bad("a chunk with two bytes other than CRLF behind it", "4\r\nbodyxx0\r\n\r\n"),
  bad("a chunk size with a bare CR behind it", "4\rbody\r\n0\r\n\r\n"),
  odd("a chunk size with a space before it", " 4\r\nbody\r\n0\r\n\r\n"),
  odd("a chunk size with a space behind it", "4 \r\nbody\r\n0\r\n\r\n"),
  odd("a chunk size line that ends with a bare LF", "4\nbody\r\n0\r\n\r\n"),
  odd("a chunk with a bare LF behind it", "4\r\nbody\n0\r\n\r\n"),
  odd("a chunk size with many zeros before it", "00000000000000004\r\nbody\r\n0\r\n\r\n"),
  odd("a chunk extension", '4;name="a value";flag\r\nbody\r\n0;last\r\n\r\n'),
  odd("a bare LF inside of a chunk extension", "4;a\nb\r\nbody\r\n0\r\n\r\n"),
  odd("a bare CR inside of a chunk extension", "4;a\rb\r\nbody\r\n0\r\n\r\n"),
  odd("a NUL inside of a chunk extension", "4;a\0b\r\nbody\r\n0\r\n\r\n"),
  [
    "a bare LF in a chunk extension hides no request",
    "RFC 9112 7.1.1",
    (context) => {
      const hidden = context.request({ target: context.path("/smuggled") });
      const line = `2;\nxx\r\n${hidden.length.toString(16)}\r\n0\r\n\r\n${hidden}\r\n0\r\n\r\n`;
      return refusedOrHarmless(context, post(context, line));
    },
  ],
  [
    "a chunk extension of 200 KB is refused, or not kept in memory",
    "RFC 9112 7.1.1",
    (context) =>
      refusedOrHarmless(
        context,
        post(context, `4;${"x".repeat(200_000)}\r\nbody\r\n0\r\n\r\n`),
        "body",
      ),
  ],
  [
    "a chunked request whose last chunk is cut short is never whole",
    CHUNKS,
    async (context) => {
      const client = await context.connect();
      await client.send(post(context, "4\r\nbody\r\n0"));
      client.end();
      await client.incoming.all();
      const whole = await Promise.all(
        context.backend.requests.map((seen) => Promise.race([seen.content, Bun.sleep(200)])),
      );
      check(!whole.some((content) => content?.complete === true), "the backend got it whole");
    },
  ],
  [
    "trailers are passed on as trailers, dropped, or refused",
    "RFC 9110 6.5.1",
    async (context) => {
      const outcome = await refusedOrHarmless(
        context,
        post(context, "4\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\n"),
        "body",
      );
      same(context.backend.requests[0]?.head.has("x-trailer") ?? false, false, "among the fields");
      return outcome;
    },
  ],
  [
    "a request with trailers gets an answer",
    "RFC 9110 6.5",
    async (context) => {
      const outcome = await refusedOrHarmless(
        context,
        post(context, "4\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\n"),
        "body",
      );
      check(outcome.includes("200"), outcome);
    },
  ],
  [
    "framing fields among the trailers change nothing",
    "RFC 9110 6.5.1",
    (context) =>
      refusedOrHarmless(
        context,
        post(context, "4\r\nbody\r\n0\r\nContent-Length: 9\r\nHost: evil.test\r\n\r\n"),
        "body",
      ),
  ],
  [
    "a trailer section of 300 KB is refused, or not kept in memory",
    "RFC 9110 5.4",
    (context) =>
      refusedOrHarmless(
        context,
        post(context, `4\r\nbody\r\n0\r\nX: ${"t".repeat(300_000)}\r\n\r\n`),
        "body",
      ),
  ],
]);

type Row = readonly [string, string, (context: Context) => Promise<string>];

function bad(what: string, content: string): Row {
  return [
    `${what} is refused`,
    `${CHUNKS} (MUST)`,
    (context) => refused(context, post(context, content)),
  ];
}

function odd(what: string, content: string): Row {
  return [
    `${what} is refused or made plain`,
    CHUNKS,
    (context) =>
      refusedOrHarmless(
        context,
        post(context, content),
        content.includes("a\nb") ? undefined : "body",
      ),
  ];
}

function post({ request }: Context, content: string): string {
  return request({
    method: "POST",
    fields: ["Transfer-Encoding: chunked", "Connection: close"],
    content,
  });
}
