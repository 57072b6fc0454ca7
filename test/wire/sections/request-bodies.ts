import { check, type Context, fail, same, section, within } from "../case.ts";
import { chunks } from "../message.ts";
import { digest, noise } from "../noise.ts";

const LARGE = 12 * 1024 * 1024;

/** Content on its way to the backend. */
export const requestBodies = section("request bodies", [
  [
    "a request with Content-Length reaches the backend with Content-Length",
    "RFC 9112 6.2",
    async ({ ask, backend }) => {
      const content = "name=wire";
      same((await ask(post(content))).status, 200, "status");
      const [seen] = backend.requests;
      same(seen?.head.all("content-length"), ["9"], "Content-Length at the backend");
      same((await seen?.content)?.bytes.toString(), content, "content");
    },
  ],
  [
    "a chunked request reaches the backend chunked",
    "choice: framing is kept",
    async ({ ask, backend }) => {
      const fields = ["Transfer-Encoding: chunked"];
      const framed = chunks("one two three", 4).toString();
      same((await ask({ method: "POST", fields, content: framed })).status, 200, "status");
      const [seen] = backend.requests;
      same((await seen?.content)?.bytes.toString(), "one two three", "content");
      same((await seen?.content)?.framing, "chunked", "framing at the backend");
    },
  ],
  [
    "Content-Length: 0 of a POST stays",
    "RFC 9110 8.6",
    async ({ ask, backend }) => {
      same((await ask({ method: "POST", fields: ["Content-Length: 0"] })).status, 200, "status");
      same(backend.requests[0]?.head.all("content-length"), ["0"], "Content-Length");
    },
  ],
  [
    "a POST without content gets through, with no content",
    "RFC 9112 6.3",
    async ({ ask, backend }) => {
      same((await ask({ method: "POST" })).status, 200, "status");
      same((await backend.requests[0]?.content)?.bytes.length, 0, "bytes at the backend");
    },
  ],
  [
    "an empty chunked request stays empty",
    "RFC 9112 7.1",
    async ({ ask, backend }) => {
      const fields = ["Transfer-Encoding: chunked"];
      same((await ask({ method: "POST", fields, content: "0\r\n\r\n" })).status, 200, "status");
      const content = await backend.requests[0]?.content;
      check(content?.complete === true && content.bytes.length === 0, "content at the backend");
    },
  ],
  ...["GET", "HEAD", "DELETE"].map(
    (method) =>
      [
        `content of ${method} gets through with its length`,
        "RFC 9110 9.3.1 (no defined semantics, but framed like any other)",
        async ({ ask, backend }: Context) => {
          const content = '{"query":{"match_all":{}}}';
          const fields = [`Content-Length: ${content.length}`];
          same((await ask({ method, fields, content })).status, 200, "status");
          const [seen] = backend.requests;
          same(seen?.head.all("content-length"), [`${content.length}`], "Content-Length");
          same((await seen?.content)?.bytes.toString(), content, "content");
        },
      ] as const,
  ),
  [
    "a GET in chunks with nothing in them gets through, with no content",
    "RFC 9112 7.1",
    async ({ ask, backend }) => {
      const fields = ["Transfer-Encoding: chunked"];
      same((await ask({ method: "GET", fields, content: "0\r\n\r\n" })).status, 200, "status");
      const content = await backend.requests[0]?.content;
      check(content?.complete === true && content.bytes.length === 0, "content at the backend");
      return content.framing;
    },
  ],
  [
    "every byte value of a body survives",
    "RFC 9110 6.4",
    async ({ ask, backend }) => {
      const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
      same((await ask(post(bytes.toString("latin1")))).status, 200, "status");
      check(bytes.equals((await backend.requests[0]!.content).bytes), "the content was changed");
    },
  ],
  [
    "12 MB with Content-Length arrive byte for byte",
    "RFC 9110 6.4",
    async ({ connect, request, backend }) => {
      const bytes = noise(LARGE);
      const client = await connect();
      const fields = [`Content-Length: ${bytes.length}`];
      await client.send(request({ method: "POST", fields }));
      void client.send(bytes);
      same((await client.answer()).status, 200, "status");
      const content = await backend.requests[0]!.content;
      same(content.framing, "length", "framing at the backend");
      same(digest(content.bytes), digest(bytes), "hash");
    },
  ],
  [
    "12 MB in chunks arrive byte for byte",
    "RFC 9110 6.4",
    async ({ connect, request, backend }) => {
      const bytes = noise(LARGE);
      const client = await connect();
      await client.send(request({ method: "POST", fields: ["Transfer-Encoding: chunked"] }));
      void client.send(chunks(bytes, 40_000));
      same((await client.answer()).status, 200, "status");
      same(digest((await backend.requests[0]!.content).bytes), digest(bytes), "hash");
    },
  ],
  [
    "content passes on while the rest has not come yet",
    "choice: streaming",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const first = noise(256 * 1024);
      const arrived = Promise.withResolvers<void>();
      backend.script = async (seen) => {
        seen.takeOver();
        await seen.incoming.exactly(first.length);
        arrived.resolve();
        await seen.incoming.exactly(4);
        await seen.last("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      };
      const fields = [`Content-Length: ${first.length + 4}`];
      await client.send(request({ method: "POST", fields }));
      await client.send(first);
      await within(2000, "first part at the backend", arrived.promise);
      await client.send("last");
      same((await client.answer()).status, 200, "status");
    },
  ],
  [
    "an early answer to an unfinished upload gets through",
    "RFC 9112 9.3",
    async ({ connect, request, backend }) => {
      backend.script = (seen) =>
        seen.last("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstop");
      const client = await connect();
      await client.send(request({ method: "POST", fields: ["Content-Length: 50000000"] }));
      await client.send(noise(100_000));
      const answer = await client.answer();
      same(answer.status, 403, "status");
      same(answer.bytes.toString(), "stop", "content");
    },
  ],
  [
    "a client that waits for 100 Continue gets it, or the final answer",
    "RFC 9110 10.1.1",
    async ({ connect, request, backend }) => {
      backend.script = async (seen) => {
        if (seen.head.has("expect")) await seen.send("HTTP/1.1 100 Continue\r\n\r\n");
        await seen.content;
        await seen.answer();
      };
      const client = await connect();
      const fields = ["Content-Length: 4", "Expect: 100-continue"];
      await client.send(request({ method: "POST", fields }));
      const first = (await client.incoming.until("\r\n")).toString();
      if (!first.startsWith("HTTP/1.1 100")) fail(`answered ${first.trim()}`);
      await client.incoming.until("\r\n");
      await client.send("body");
      same((await client.answer()).status, 200, "status");
    },
  ],
  [
    "an upload that stops short is never handed to the backend as whole",
    "RFC 9112 8",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const came = backend.next();
      await client.send(request({ method: "POST", fields: ["Content-Length: 200000"] }));
      await client.send(noise(150_000));
      const outcome = await Promise.race([came, pauseUntilNothing()]);
      client.close();
      if (outcome === undefined) return "the backend saw nothing";
      check(!(await within(3000, "end at the backend", outcome.content)).complete, "looked whole");
      return undefined;
    },
  ],
  [
    "a chunked upload that stops short is never handed to the backend as whole",
    "RFC 9112 8",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const came = backend.next();
      await client.send(request({ method: "POST", fields: ["Transfer-Encoding: chunked"] }));
      await client.send(chunks(noise(150_000)).subarray(0, -5));
      const outcome = await Promise.race([came, pauseUntilNothing()]);
      client.close();
      if (outcome === undefined) return "the backend saw nothing";
      check(!(await within(3000, "end at the backend", outcome.content)).complete, "looked whole");
      return undefined;
    },
  ],
]);

function post(content: string) {
  return { method: "POST", fields: [`Content-Length: ${content.length}`], content };
}

// A proxy may hold a body back until it is whole.
async function pauseUntilNothing(): Promise<undefined> {
  await Bun.sleep(500);
}
