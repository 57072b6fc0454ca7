import { type Context, same, section, within } from "../case.ts";
import { readHead } from "../message.ts";

const HINTS = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: </b.js>\r\n\r\n";
const SOON = 3_000;

/** Answers 1xx, in both directions. */
export const interim = section("interim answers", [
  [
    "a 103 reaches the client before the final answer is there, as it was",
    "RFC 9110 15.2 (MUST)",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const came = backend.next();
      backend.script = (seen) => seen.send(HINTS);
      await client.send(request());
      const seen = await within(SOON, "request", came);
      const head = await within(SOON, "103", readHead(client.incoming));
      same(head.line, "HTTP/1.1 103 Early Hints", "status line");
      const links = head.fields.filter(([name]) => name.toLowerCase() === "link");
      same(
        links,
        [
          ["Link", "</a.css>; rel=preload"],
          ["link", "</b.js>"],
        ],
        "Link",
      );
      await seen.answer("final");
      const answer = await client.answer();
      same([answer.status, answer.bytes.toString()], [200, "final"], "answer");
      same(answer.head.has("link"), false, "Link in the final answer");
    },
  ],
  [
    "several of them arrive in their order, without what is for the backend's connection",
    "RFC 9110 15.2, 7.6.1",
    async ({ ask, backend }) => {
      backend.script = async (seen) => {
        await seen.send("HTTP/1.1 102 Processing\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n");
        await seen.send(`${HINTS}HTTP/1.1 199 Odd\r\nKeep-Alive: 5\r\nX-A: 1\r\n\r\n`);
        await seen.answer("final");
      };
      const answer = await ask();
      same(
        answer.interim.map(({ line }) => line.slice(9, 12)),
        ["102", "103", "199"],
        "1xx answers",
      );
      const names = answer.interim.flatMap(({ fields }) => fields.map(([name]) => name));
      same(names, ["Link", "link", "X-A"], "fields");
    },
  ],
  [
    "a client of HTTP/1.0 gets none",
    "RFC 9110 15.2 (MUST NOT)",
    async ({ connect, request, backend }) => {
      backend.script = async (seen) => {
        await seen.send(HINTS);
        await seen.answer("final");
      };
      const client = await connect();
      const fields = ["Expect: 100-continue", "Content-Length: 4"];
      await client.send(request({ method: "POST", version: "HTTP/1.0", fields, content: "body" }));
      const answer = await client.answer();
      same([answer.status, answer.interim.length], [200, 0], "status, and 1xx answers");
    },
  ],
  [
    "a 100 that the backend sends unasked goes no further",
    "RFC 9110 15.2.1",
    async ({ ask, backend }) => {
      backend.script = async (seen) => {
        await seen.send("HTTP/1.1 100 Continue\r\n\r\n");
        await seen.answer("final");
      };
      same((await ask()).interim.length, 0, "1xx answers");
    },
  ],
  ...["100-continue", "100-Continue", "100-CONTINUE"].map(
    (expectation) =>
      [
        `Expect: ${expectation} gets one 100 when the content is wanted`,
        "RFC 9110 10.1.1 (MUST)",
        async (context: Context) => {
          context.backend.script = async (seen) => {
            await seen.content;
            // The gateway has its own understanding with the client.
            await seen.send("HTTP/1.1 100 Continue\r\n\r\n");
            await seen.answer("final");
          };
          const client = await waiting(context, expectation, 4);
          const head = await within(SOON, "100", readHead(client.incoming));
          same(head.line.slice(0, 12), "HTTP/1.1 100", "status line");
          await client.send("body");
          const answer = await client.answer();
          same([answer.status, answer.interim.length], [200, 0], "status, and further 1xx");
          same((await context.backend.requests[0]?.content)?.bytes.toString(), "body", "content");
        },
      ] as const,
  ),
  [
    "a large upload of unknown length that waits gets one 100, and goes through",
    "RFC 9110 10.1.1 (MUST)",
    async ({ connect, request, backend }) => {
      backend.script = async (seen) => {
        const { bytes } = await seen.content;
        await seen.answer(String(bytes.length));
      };
      const client = await connect();
      const fields = ["Transfer-Encoding: chunked", "Expect: 100-continue"];
      await client.send(request({ method: "POST", fields }));
      await within(SOON, "100", client.incoming.until("HTTP/1.1 100 Continue\r\n\r\n"));
      await client.send(`30d40\r\n${"x".repeat(200_000)}\r\n0\r\n\r\n`);
      const answer = await client.answer();
      same([answer.interim.length, answer.bytes.toString()], [0, "200000"], "answer");
    },
  ],
  [
    "content over the limit gets 413 in place of 100",
    "RFC 9110 10.1.1",
    async (context) => {
      const client = await waiting(context, "100-continue", 200_000_000);
      const { status, interim: before } = await client.head();
      same([status, before.length], [413, 0], "status, and 1xx answers");
      same(context.backend.requests.length, 0, "requests at the backend");
    },
  ],
  [
    "a path without a route gets 404 in place of 100",
    "RFC 9110 10.1.1",
    async (context) => {
      const client = await waiting(context, "100-continue", 4, "/none");
      const { status, interim: before } = await client.head();
      same([status, before.length], [404, 0], "status, and 1xx answers");
    },
  ],
  [
    "a client that sends its content without waiting gets its answer",
    "RFC 9110 10.1.1",
    async ({ connect, request, backend }) => {
      backend.script = async (seen) => {
        const { bytes } = await seen.content;
        await seen.answer(bytes.toString());
      };
      const client = await connect();
      const fields = ["Content-Length: 4", "Expect: 100-continue"];
      await client.send(request({ method: "POST", fields, content: "body" }));
      same((await client.answer()).bytes.toString(), "body", "content");
    },
  ],
]);

/** A client that has sent the head of a POST, and waits with its content. */
async function waiting(
  { connect, request, path }: Context,
  expectation: string,
  length: number,
  target = path(),
) {
  const client = await connect();
  const fields = [`Content-Length: ${length}`, `Expect: ${expectation}`];
  await client.send(request({ method: "POST", target, fields }));
  return client;
}
