import { gzipSync } from "node:zlib";
import type { Script } from "../backend.ts";
import { type Context, check, same, section, within } from "../case.ts";
import { chunks } from "../message.ts";
import { digest, noise } from "../noise.ts";

const LARGE = 12 * 1024 * 1024;

/** Content on its way to the client. */
export const answerBodies = section("answer bodies", [
  [
    "a small answer of known length keeps its Content-Length",
    "RFC 9110 8.6",
    async (context) => {
      const answer = await answered(context, (seen) => seen.answer("hello"));
      same(answer.head.all("content-length"), ["5"], "Content-Length");
      same(answer.bytes.toString(), "hello", "content");
    },
  ],
  [
    "an answer of 900 KB of known length keeps its Content-Length",
    "choice: framing is kept",
    async (context) => {
      const bytes = noise(900_000);
      const answer = await answered(context, whole(bytes, "Content-Type: text/plain"));
      same(answer.head.all("content-length"), ["900000"], "Content-Length");
      same(digest(answer.bytes), digest(bytes), "hash");
    },
  ],
  [
    "an answer of 900 KB without Content-Type keeps its Content-Length",
    "choice: framing is kept",
    async (context) => {
      const answer = await answered(context, whole(noise(900_000)));
      same(answer.head.all("content-length"), ["900000"], "Content-Length");
    },
  ],
  [
    "an answer of Content-Length: 0 keeps it",
    "RFC 9110 8.6",
    async (context) => {
      const answer = await answered(context, (seen) => seen.answer(""));
      same(answer.head.all("content-length"), ["0"], "Content-Length");
    },
  ],
  [
    "an answer in chunks arrives whole, in chunks",
    "RFC 9112 7.1",
    async (context) => {
      const answer = await answered(context, inChunks(Buffer.from("one two three")));
      same(answer.bytes.toString(), "one two three", "content");
      check(answer.complete && answer.framing !== "close", `framed by ${answer.framing}`);
    },
  ],
  [
    "an answer that ends with the connection arrives whole",
    "RFC 9112 6.3",
    async (context) => {
      const answer = await answered(context, (seen) =>
        seen.last("HTTP/1.1 200 OK\r\n\r\nto the end"),
      );
      same(answer.bytes.toString(), "to the end", "content");
      check(answer.complete, "not complete");
    },
  ],
  [
    "an HTTP/1.0 answer of a backend arrives whole",
    "RFC 9112 6.3",
    async (context) => {
      const answer = await answered(context, (seen) => seen.last("HTTP/1.0 200 OK\r\n\r\nold"));
      same(answer.bytes.toString(), "old", "content");
      check(answer.head.line.startsWith("HTTP/1.1"), `version ${answer.head.line}`);
    },
  ],
  [
    "12 MB of known length arrive byte for byte",
    "RFC 9110 6.4",
    async (context) => {
      const bytes = noise(LARGE);
      const answer = await answered(context, whole(bytes));
      same(digest(answer.bytes), digest(bytes), "hash");
      return answer.framing;
    },
  ],
  [
    "12 MB of known length keep their Content-Length",
    "RFC 9110 8.6 (SHOULD)",
    async (context) => {
      const answer = await answered(context, whole(noise(LARGE)));
      same(answer.head.all("content-length"), [String(LARGE)], "Content-Length");
    },
  ],
  [
    "12 MB in chunks arrive byte for byte",
    "RFC 9110 6.4",
    async (context) => {
      const bytes = noise(LARGE);
      same(digest((await answered(context, inChunks(bytes))).bytes), digest(bytes), "hash");
    },
  ],
  [
    "an answer without Content-Type gets none",
    "RFC 9110 8.3",
    async (context) => {
      const answer = await answered(context, (seen) => seen.answer("typeless"));
      same(answer.head.all("content-type"), [], "Content-Type");
    },
  ],
  ["HEAD keeps the Content-Length of what GET would answer", "RFC 9110 9.3.2", headKeeps],
  [
    "HEAD of an answer in chunks gets no length invented",
    "RFC 9110 9.3.2",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const answer = await ask({ method: "HEAD" });
      same(answer.head.all("content-length"), [], "Content-Length");
    },
  ],
  [
    "204 has no content, no Content-Length and no Transfer-Encoding",
    "RFC 9110 8.6, RFC 9112 6.1",
    async (context) => {
      const answer = await bare(context, "HTTP/1.1 204 No Content\r\n\r\n", 204);
      same(answer.head.has("content-length"), false, "Content-Length present");
      same(answer.head.has("transfer-encoding"), false, "Transfer-Encoding present");
    },
  ],
  [
    "304 keeps its fields and has no content",
    "RFC 9110 15.4.5",
    async (context) => {
      const text = 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nVary: Accept\r\n\r\n';
      const answer = await bare(context, text, 304);
      same([answer.head.all("etag"), answer.head.all("vary")], [['"a"'], ["Accept"]], "fields");
    },
  ],
  [
    "304 keeps the Content-Length of the answer it stands for",
    "RFC 9110 8.6 (MAY), choice",
    async (context) => {
      const text = 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1234\r\n\r\n';
      const answer = await bare(context, text, 304);
      same(answer.head.all("content-length"), ["1234"], "Content-Length");
    },
  ],
  [
    "304 without a Content-Length gets none, least of all 0",
    "RFC 9110 8.6",
    async (context) => {
      const answer = await bare(context, 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 304);
      same(answer.head.all("content-length"), [], "Content-Length");
    },
  ],
  [
    "gzip is passed on untouched",
    "RFC 9110 8.4",
    async (context) => {
      const packed = gzipSync("packed ".repeat(100));
      context.backend.script = whole(packed, "Content-Encoding: gzip");
      const answer = await context.ask({ fields: ["Accept-Encoding: gzip"] });
      same(answer.head.all("content-encoding"), ["gzip"], "Content-Encoding");
      check(answer.bytes.equals(packed), "the content was changed");
    },
  ],
  [
    "a 206 keeps its range",
    "RFC 9110 15.3.7",
    async (context) => {
      const answer = await answered(context, (seen) =>
        seen.answer("ello", ["Content-Range: bytes 1-4/5"], "206 Partial Content"),
      );
      same(answer.status, 206, "status");
      same(answer.head.all("content-range"), ["bytes 1-4/5"], "Content-Range");
    },
  ],
  [
    "the reason phrase of an unusual status does no harm",
    "RFC 9112 4",
    async (context) => {
      const script: Script = (seen) => seen.answer("", [], "299 Caf\xe9 & more");
      same((await answered(context, script)).status, 299, "status");
    },
  ],
]);

function whole(bytes: Buffer, ...fields: string[]): Script {
  return async (seen) => {
    const lines = ["HTTP/1.1 200 OK", `Content-Length: ${bytes.length}`, ...fields];
    await seen.send(`${lines.join("\r\n")}\r\n\r\n`);
    await seen.send(bytes);
  };
}

function inChunks(bytes: Buffer): Script {
  return async (seen) => {
    await seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await seen.send(chunks(bytes, 30_000));
  };
}

function answered(context: Context, script: Script) {
  context.backend.script = script;
  return context.ask();
}

/** Asks for an answer without content, and again on the same connection to see that none came. */
async function bare(context: Context, text: string, status: number) {
  context.backend.script = (seen) => seen.send(text);
  const client = await context.connect();
  await client.send(context.request());
  const answer = await client.answer();
  same(answer.status, status, "status");
  await client.send(context.request());
  same((await within(3000, "second answer", client.answer())).status, status, "second status");
  return answer;
}

async function headKeeps(context: Context): Promise<void> {
  context.backend.script = (seen) =>
    seen.send("HTTP/1.1 200 OK\r\nContent-Length: 4321\r\nContent-Type: text/plain\r\n\r\n");
  const client = await context.connect();
  for (const turn of ["first", "second"]) {
    await client.send(context.request({ method: "HEAD" }));
    const answer = await client.answer("HEAD");
    same(answer.head.all("content-length"), ["4321"], `Content-Length of the ${turn}`);
  }
}
