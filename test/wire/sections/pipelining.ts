import type { Answer, Client } from "../client.ts";
import { type Context, check, same, section, within } from "../case.ts";
import { BrokenOff } from "../incoming.ts";

const WHY = "RFC 9112 9.3.2";
const SOON = 3_000;

/** Requests that a client sends before the answer to the one before. */
export const pipelining = section("pipelining", [
  [
    "requests are answered in their order, though the first takes longest",
    `${WHY} (MUST)`,
    async (context) => {
      const { connect, backend } = context;
      backend.script = async (seen) => {
        const place = Number(seen.target.at(-1));
        await Bun.sleep(place === 0 ? 200 : 0);
        await seen.answer(String(place));
      };
      const client = await connect();
      await client.send(numbered(context, 4));
      same(await contents(client, 4), ["0", "1", "2", "3"], "answers");
    },
  ],
  [
    "requests are the same wherever packets end",
    WHY,
    async (context) => {
      context.backend.script = async (seen) => {
        const { bytes, trailers } = await seen.content;
        const behind = trailers.map(([name]) => name).join();
        await seen.answer(`${seen.target.at(-1)} ${bytes.toString()}${behind}`);
      };
      const bytes = mixed(context);
      const expected = ["1 ", "2 body", "3 chunksX-Sum", "4 "];
      for (const size of [1, 7, 64, bytes.length]) {
        const client = await context.connect();
        for (let at = 0; at < bytes.length; at += size) {
          await client.send(bytes.slice(at, at + size));
          // Without a pause, the system would send small pieces together.
          if (size > 1 && size < bytes.length) await Bun.sleep(5);
        }
        same(await contents(client, 4), expected, `answers to pieces of ${size} bytes`);
      }
    },
  ],
  [
    "a request behind a HEAD gets its own answer",
    WHY,
    async ({ connect, request, path, backend }) => {
      backend.script = (seen) => seen.answer(seen.target.at(-1));
      const client = await connect();
      await client.send(
        request({ method: "HEAD", target: path("/1") }) + request({ target: path("/2") }),
      );
      same((await client.answer("HEAD")).head.all("content-length"), ["1"], "Content-Length");
      same((await client.answer()).bytes.toString(), "2", "content");
    },
  ],
  [
    "empty lines between requests count for nothing",
    "RFC 9112 2.2 (SHOULD)",
    async (context) => {
      context.backend.script = (seen) => seen.answer(seen.target.at(-1));
      const client = await context.connect();
      const { request, path } = context;
      await client.send(
        `\r\n${request({ target: path("/1") })}\r\n\r\n${request({ target: path("/2") })}`,
      );
      same(await contents(client, 2), ["1", "2"], "answers");
    },
  ],
  [
    "nothing behind a request with Connection: close is answered",
    "RFC 9112 9.6 (MUST NOT)",
    async ({ connect, request, path, backend }) => {
      const client = await connect();
      await client.send(
        request({ target: path("/1"), fields: ["Connection: close"] }) +
          request({ target: path("/2") }),
      );
      same((await client.answer()).status, 200, "status");
      await within(SOON, "end of the connection", client.ended);
      same(backend.requests.length, 1, "requests at the backend");
    },
  ],
  [
    "a request that is refused ends the connection, behind the answers to those before it",
    "RFC 9112 9.6",
    async ({ connect, request, path, backend }) => {
      backend.script = (seen) => seen.answer(seen.target.at(-1));
      const client = await connect();
      const bad = request({ fields: ["X-Space : 1"] });
      await client.send(request({ target: path("/1") }) + bad + request({ target: path("/3") }));
      same((await client.answer()).bytes.toString(), "1", "first content");
      same((await client.answer()).status, 400, "second status");
      await within(SOON, "end of the connection", client.ended);
      same(backend.requests.length, 1, "requests at the backend");
    },
  ],
  [
    "a client that only sends is held back",
    "choice: bounded memory",
    async (context) => {
      const { connect, backend } = context;
      backend.script = () => {};
      const client = await connect();
      const some = numbered(context, 1).repeat(5_000);
      let sent = 0;
      const size = 64 * 1_048_576;
      void (async () => {
        for (; sent < size; sent += some.length) await client.send(some);
      })();
      const taken = await settled(() => sent);
      client.reset();
      check(taken < size / 2, `${taken >> 20} MB of ${size >> 20} MB were taken`);
      same(backend.requests.length, 1, "requests at the backend");
      return `${taken >> 20} MB taken`;
    },
  ],
  [
    "hundreds of requests at a time are all answered",
    WHY,
    async (context) => {
      context.backend.script = (seen) => seen.answer("x".repeat(1_000));
      const client = await context.connect();
      void client.send(numbered(context, 1).repeat(400));
      same((await contents(client, 400)).length, 400, "answers");
    },
  ],
]);

function numbered({ request, path }: Context, count: number): string {
  return Array.from({ length: count }, (_, index) => request({ target: path(`/${index}`) })).join(
    "",
  );
}

/** Requests of every framing. */
function mixed({ request, path }: Context): string {
  return [
    request({ target: path("/1") }),
    request({ method: "POST", target: path("/2"), fields: ["Content-Length: 4"], content: "body" }),
    request({
      method: "POST",
      target: path("/3"),
      fields: ["Transfer-Encoding: chunked"],
      content: "4;a=b\r\nchun\r\n2\r\nks\r\n0\r\nX-Sum: 1\r\n\r\n",
    }),
    request({ target: path("/4") }),
  ].join("");
}

async function contents(client: Client, count: number): Promise<string[]> {
  const answered: string[] = [];
  while (answered.length < count) {
    const answer = await client.answer().catch(closed);
    if (answer === undefined) break;
    answered.push(answer.bytes.toString());
  }
  return answered;
}

function closed(error: unknown): Answer | undefined {
  if (error instanceof BrokenOff && error.how !== "silent") return undefined;
  throw error;
}

/** What a counter stands at once it has stood still for a while. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1, still = 0; ;) {
    await Bun.sleep(100);
    still = count() === before ? still + 1 : 0;
    before = count();
    if (still >= 5) return before;
  }
}
