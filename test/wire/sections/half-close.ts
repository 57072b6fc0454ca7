import { check, same, section, within } from "../case.ts";
import { noise } from "../noise.ts";

const WHY = "RFC 9112 9.6, choice";
const SOON = 3_000;

/** Clients that close their sending side and still read. */
export const halfClose = section("half-closed clients", [
  [
    "get an answer that takes a while, and then the end of the connection",
    WHY,
    async ({ connect, request, backend }) => {
      const came = backend.next();
      backend.script = () => {};
      const client = await connect();
      await client.send(request());
      client.end();
      const seen = await within(SOON, "request", came);
      await Bun.sleep(300);
      await seen.answer("late");
      same((await client.answer()).bytes.toString(), "late", "content");
      same(await within(SOON, "end of the connection", client.ended), "closed", "end");
    },
  ],
  [
    "get the answer to a request with content",
    WHY,
    async ({ connect, request, backend }) => {
      backend.script = async (seen) => {
        const { bytes } = await seen.content;
        await seen.answer(`got ${bytes.length}`);
      };
      const client = await connect();
      const fields = ["Transfer-Encoding: chunked"];
      await client.send(request({ method: "POST", fields, content: "4\r\nbody\r\n0\r\n\r\n" }));
      client.end();
      same((await client.answer()).bytes.toString(), "got 4", "content");
    },
  ],
  [
    "get all of a large answer",
    WHY,
    async ({ connect, request, backend }) => {
      const content = noise(8 * 1_048_576);
      backend.script = async (seen) => {
        await seen.send(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
        await seen.send(content);
      };
      const client = await connect();
      await client.send(request());
      client.end();
      const answer = await client.answer();
      check(answer.bytes.equals(content), `${answer.bytes.length} bytes of ${content.length}`);
    },
  ],
  [
    "get the answers to all that they have pipelined",
    WHY,
    async ({ connect, request, path, backend }) => {
      backend.script = (seen) => seen.answer(seen.target.at(-1));
      const client = await connect();
      await client.send([1, 2, 3].map((place) => request({ target: path(`/${place}`) })).join(""));
      client.end();
      for (const place of ["1", "2", "3"]) {
        same((await client.answer()).bytes.toString(), place, "content");
      }
      await within(SOON, "end of the connection", client.ended);
    },
  ],
  [
    "that have not sent all of their content are not waited for",
    "RFC 9112 8",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const fields = ["Content-Length: 100000"];
      await client.send(request({ method: "POST", fields, content: "body" }));
      client.end();
      const { bytes } = await client.incoming.all();
      check(!bytes.toString().startsWith("HTTP/1.1 2"), "answered as if it were whole");
      for (const { content } of backend.requests) {
        const seen = await Promise.race([content, Bun.sleep(500)]);
        check(seen?.complete !== true, "the backend got it whole");
      }
    },
  ],
  [
    "that have sent a part of a header section are not waited for",
    WHY,
    async ({ connect, request }) => {
      const client = await connect();
      await client.send(request().slice(0, 20));
      client.end();
      await within(SOON, "end of the connection", client.ended);
    },
  ],
]);
