import { type Context, check, same, section } from "../case.ts";

const CHUNKED = "Transfer-Encoding: chunked";
const FORBIDDEN = [
  "Content-Length: 9",
  "Transfer-Encoding: gzip",
  "Host: evil.test",
  "Authorization: Basic YQ==",
  "Content-Type: text/html",
  "X-Forwarded-For: 6.6.6.6",
  "Connection: close",
  "Set-Cookie: a=1",
];

/** Fields behind the content, in both directions. */
export const trailers = section("trailers", [
  [
    "those of a request reach the backend as trailers, in their order and case",
    "RFC 9110 6.5",
    async (context) => {
      const sent = await upload(context, ["X-Sum: abc", "x-SUM: caf\xe9", "X-Empty:"]);
      const expected = [
        ["X-Sum", "abc"],
        ["x-SUM", "caf\xe9"],
        ["X-Empty", ""],
      ];
      same(sent.trailers, expected, "trailers");
    },
  ],
  [
    "those of a request that would frame, route or authenticate it go no further",
    "RFC 9110 6.5.1 (MUST NOT)",
    async (context) => {
      const sent = await upload(context, [...FORBIDDEN, "X-Sum: abc"]);
      same(sent.trailers, [["X-Sum", "abc"]], "trailers");
    },
  ],
  [
    "those of an answer reach the client, in their order and case",
    "RFC 9110 6.5",
    async (context) => {
      const answer = await answered(context, ["X-Sum: abc", "x-SUM: caf\xe9"]);
      const expected = [
        ["X-Sum", "abc"],
        ["x-SUM", "caf\xe9"],
      ];
      same([answer.bytes.toString(), answer.complete], ["body", true], "content");
      same(answer.trailers, expected, "trailers");
    },
  ],
  [
    "those of an answer that would frame or process it go no further",
    "RFC 9110 6.5.1 (MUST NOT)",
    async (context) => {
      const answer = await answered(context, [...FORBIDDEN, "X-Sum: abc"]);
      same(answer.trailers, [["X-Sum", "abc"]], "trailers");
    },
  ],
  [
    "Trailer announces them in both directions",
    "RFC 9110 6.6.2",
    async (context) => {
      context.backend.script = (seen) =>
        seen.send(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\nTrailer: X-Sum\r\n\r\n0\r\nX-Sum: 1\r\n\r\n`);
      const answer = await context.ask({
        method: "POST",
        fields: [CHUNKED, "Trailer: X-Sum"],
        content: "0\r\nX-Sum: 1\r\n\r\n",
      });
      same(answer.head.all("trailer"), ["X-Sum"], "Trailer at the client");
      same(context.backend.requests[0]?.head.all("trailer"), ["X-Sum"], "Trailer at the backend");
    },
  ],
  [
    "that a client takes them is told to the backend, and of nothing else that TE says",
    "RFC 9110 10.1.4",
    async ({ ask, backend }) => {
      await ask({ fields: ["TE: gzip;q=0.5, trailers", "Connection: TE"] });
      await ask({ fields: ["TE: deflate", "Connection: TE"] });
      const told = backend.requests.map(({ head }) => [
        head.all("te"),
        /\bte\b/i.test(head.joined("connection")),
      ]);
      same(
        told,
        [
          [["trailers"], true],
          [[], false],
        ],
        "TE, and whether Connection names it",
      );
    },
  ],
  [
    "a client of HTTP/1.0 gets none, and no announcement of any",
    "RFC 9112 6.1 (MUST NOT)",
    async (context) => {
      context.backend.script = (seen) =>
        seen.send(
          `HTTP/1.1 200 OK\r\n${CHUNKED}\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n`,
        );
      const answer = await context.ask({ version: "HTTP/1.0" });
      same(answer.bytes.toString(), "body", "content");
      same(answer.head.has("trailer"), false, "Trailer");
    },
  ],
  [
    "connections on both sides go on after them",
    "RFC 9112 9.3",
    async (context) => {
      const { backend, connect, request } = context;
      backend.script = async (seen) => {
        await seen.content;
        await seen.send(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n`);
      };
      const client = await connect();
      for (let turn = 0; turn < 3; turn += 1) {
        await client.send(
          request({
            method: "POST",
            fields: [CHUNKED],
            content: "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
          }),
        );
        const answer = await client.answer();
        same([answer.status, answer.trailers.length], [200, 1], `answer ${turn}`);
      }
    },
  ],
]);

async function upload(context: Context, lines: readonly string[]) {
  const { ask, backend } = context;
  backend.script = async (seen) => {
    await seen.content;
    await seen.answer();
  };
  const content = `4\r\nbody\r\n0\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
  same((await ask({ method: "POST", fields: [CHUNKED], content })).status, 200, "status");
  const [seen] = backend.requests;
  check(seen !== undefined, "the backend got no request");
  const sent = await seen.content;
  same([sent.bytes.toString(), sent.complete], ["body", true], "content");
  return sent;
}

function answered({ ask, backend }: Context, lines: readonly string[]) {
  const behind = lines.map((line) => `${line}\r\n`).join("");
  backend.script = (seen) =>
    seen.send(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n4\r\nbody\r\n0\r\n${behind}\r\n`);
  return ask();
}
