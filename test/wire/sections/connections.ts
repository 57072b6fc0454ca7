import { type Context, check, same, section, within } from "../case.ts";
import { BrokenOff } from "../incoming.ts";

/** A client's connection over several requests. */
export const connections = section("connections", [
  [
    "a second request on the same connection is answered",
    "RFC 9112 9.3",
    async ({ connect, request }) => {
      const client = await connect();
      for (let turn = 0; turn < 3; turn += 1) {
        await client.send(request());
        same((await client.answer()).status, 200, `status ${turn}`);
      }
    },
  ],
  [
    "Connection: close is honoured",
    "RFC 9112 9.6 (MUST)",
    async ({ connect, request }) => {
      const client = await connect();
      await client.send(request({ fields: ["Connection: close"] }));
      await client.answer();
      await within(1500, "end of the connection", client.ended);
    },
  ],
  [
    "Connection: close is announced in the answer",
    "RFC 9112 9.6 (SHOULD)",
    async ({ ask }) => {
      const answer = await ask({ fields: ["Connection: close"] });
      check(/close/i.test(answer.head.joined("connection")), "not announced");
    },
  ],
  [
    "HTTP/1.0 gets its answer and the end of the connection",
    "RFC 9112 9.3",
    async ({ connect, request }) => {
      const client = await connect();
      await client.send(request({ version: "HTTP/1.0" }));
      const answer = await client.answer();
      same([answer.status, answer.bytes.toString()], [200, "ok"], "answer");
      await within(1500, "end of the connection", client.ended);
    },
  ],
  [
    "HTTP/1.0 never gets an answer in chunks",
    "RFC 9112 6.1 (MUST NOT)",
    async ({ connect, request, backend }) => {
      backend.script = (seen) =>
        seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
      const client = await connect();
      await client.send(request({ version: "HTTP/1.0" }));
      const answer = await client.answer();
      check(answer.framing !== "chunked", "in chunks");
      same(answer.bytes.toString(), "abc", "content");
    },
  ],
  [
    "HTTP/1.0 with keep-alive gets a well-framed answer",
    "RFC 9112 9.3",
    async ({ connect, request }) => {
      const client = await connect();
      await client.send(request({ version: "HTTP/1.0", fields: ["Connection: keep-alive"] }));
      same((await client.answer()).bytes.toString(), "ok", "content");
    },
  ],
  [
    "an answer to HTTP/1.0 says HTTP/1.1 or HTTP/1.0",
    "RFC 9110 2.5",
    async ({ ask }) => {
      const { head } = await ask({ version: "HTTP/1.0" });
      check(/^HTTP\/1\.[01] 200/.test(head.line), head.line);
    },
  ],
  [
    "the backend's wish to close is not the client's",
    "RFC 9110 7.6.1",
    async ({ connect, request, backend }) => {
      backend.script = async (seen) => {
        await seen.answer("ok", ["Connection: close"]);
        seen.end();
      };
      const client = await connect();
      for (let turn = 0; turn < 3; turn += 1) {
        await client.send(request());
        same((await client.answer()).status, 200, `status ${turn}`);
      }
    },
  ],
  [
    "a connection goes on after a 502",
    "choice",
    async ({ connect, request, backend }) => {
      backend.script = (seen) => (seen.head.has("x-good") ? seen.answer() : seen.reset());
      const client = await connect();
      await client.send(request());
      same((await client.answer()).status, 502, "status");
      await client.send(request({ fields: ["X-Good: 1"] }));
      same((await client.answer()).status, 200, "next status");
    },
  ],
  [
    "pipelined requests are answered in their order",
    "RFC 9112 9.3.2 (MUST)",
    async (context) => {
      const answered = await pipelined(context, 5);
      same(answered, ["0", "1", "2", "3", "4"], "answers");
    },
  ],
  [
    "pipelined requests get their own answers or none",
    "RFC 9112 9.3.2",
    async (context) => {
      const answered = await pipelined(context, 5);
      same(answered, ["0", "1", "2", "3", "4"].slice(0, answered.length), "answers");
      return `${answered.length} of 5`;
    },
  ],
  [
    "a pipelined request after a POST gets its own answer or none",
    "RFC 9112 9.3.2",
    async ({ connect, request, path, backend }) => {
      backend.script = async (seen) => {
        await seen.content;
        await seen.answer(seen.target.slice(-1));
      };
      const client = await connect();
      const fields = ["Content-Length: 4"];
      await client.send(
        request({ method: "POST", target: path("/1"), fields, content: "body" }) +
          request({ target: path("/2") }),
      );
      const first = await client.answer().catch(closed);
      if (first === "closed") return "closed";
      same(first.bytes.toString(), "1", "first content");
      const second = await client.answer().catch(closed);
      if (second === "closed") return "closed behind the first";
      same(second.bytes.toString(), "2", "second content");
      return undefined;
    },
  ],
  [
    "a request that comes byte by byte is understood",
    "RFC 9112 2.2",
    async ({ connect, request }) => {
      const client = await connect();
      for (const byte of request()) await client.send(byte);
      same((await client.answer()).status, 200, "status");
    },
  ],
  [
    "200 requests at the same time get their own answers",
    "RFC 9110 6.4",
    async ({ ask, path, backend }) => {
      backend.script = (seen) => seen.answer(/[0-9]+$/.exec(seen.target)?.[0]);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) => ask({ target: path(`/${index}`) })),
      );
      const wrong = answers.filter((answer, index) => answer.bytes.toString() !== String(index));
      same(wrong.length, 0, "wrong answers");
    },
  ],
]);

async function pipelined(context: Context, count: number): Promise<string[]> {
  const { connect, request, path, backend } = context;
  backend.script = (seen) => seen.answer(seen.target.slice(-1));
  const client = await connect();
  let sent = "";
  for (let index = 0; index < count; index += 1) sent += request({ target: path(`/${index}`) });
  await client.send(sent);
  const answered: string[] = [];
  while (answered.length < count) {
    const answer = await client.answer().catch(closed);
    if (answer === "closed") break;
    answered.push(answer.bytes.toString());
  }
  return answered;
}

function closed(error: unknown): "closed" {
  if (error instanceof BrokenOff && error.how !== "silent") return "closed";
  throw error;
}
