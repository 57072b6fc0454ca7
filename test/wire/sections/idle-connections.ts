import type { BackendRequest } from "../backend.ts";
import { type Context, type RequestParts, check, same, section } from "../case.ts";
import type { Client } from "../client.ts";
import { BrokenOff } from "../incoming.ts";

/** Backend connections that die while idle, or just as they are used. */
export const idleConnections = section("idle connections", [
  [
    "a backend that closes its idle connection costs no GET",
    "RFC 9112 9.3.1",
    async (context) => {
      context.backend.script = async (seen) => {
        await seen.answer();
        await Bun.sleep(5);
        seen.end();
      };
      for (let turn = 1; turn <= 8; turn += 1) {
        same((await context.ask()).status, 200, `status of GET ${turn}`);
        await Bun.sleep(10);
      }
    },
  ],
  [
    "a backend that resets a reused connection under a GET costs no GET",
    "RFC 9112 9.3.1",
    (context) => sevenOnDyingConnections(context, { method: "GET" }),
  ],
  [
    "a backend that closes a reused connection under a GET costs no GET",
    "RFC 9112 9.3.1",
    (context) => sevenOnDyingConnections(context, { method: "GET" }, "close"),
  ],
  [
    "a POST that meets a dying reused connection is never sent twice",
    "RFC 9110 9.2.2",
    async (context) => {
      context.backend.script = dieWhenReused("reset");
      await eachOnce(context, "POST");
    },
  ],
  [
    "a PATCH that meets a dying reused connection is never sent twice",
    "RFC 9110 9.2.2",
    async (context) => {
      context.backend.script = dieWhenReused("close");
      await eachOnce(context, "PATCH");
    },
  ],
  [
    "a chunked POST that meets a dying reused connection is never sent twice",
    "RFC 9110 9.2.2",
    async (context) => {
      context.backend.script = dieWhenReused("reset");
      await eachOnce(context, "POST", ["Transfer-Encoding: chunked"], "4\r\nbody\r\n0\r\n\r\n");
    },
  ],
  [
    "a POST to a backend that closes its idle connections quietly gets through",
    "choice: nothing of it can have been processed",
    async (context) => {
      let closed = Promise.resolve();
      context.backend.script = async (seen) => {
        await seen.content;
        ({ closed } = seen);
        await seen.answer();
        seen.end();
      };
      const statuses: number[] = [];
      for (let turn = 0; turn < 8; turn += 1) {
        const fields = ["Content-Length: 4"];
        statuses.push((await context.ask({ method: "POST", fields, content: "body" })).status);
        // Some proxies keep their side open.
        await Promise.race([closed, Bun.sleep(2_000)]);
      }
      same(
        statuses.filter((status) => status !== 200),
        [],
        "statuses other than 200",
      );
    },
  ],
  [
    "a POST that the backend drops without an answer gets 502 and is never sent twice",
    "RFC 9110 9.2.2",
    async (context) => {
      context.backend.script = async (seen) => {
        await seen.content;
        seen.reset();
      };
      const fields = ["Content-Length: 4"];
      const answer = await context.ask({ method: "POST", fields, content: "body" });
      same(answer.status, 502, "status");
      same(context.backend.requests.length, 1, "times at the backend");
    },
  ],
  [
    "connections to the backend are used again",
    "choice",
    async (context) => {
      await statusesOf(
        context,
        Array.from({ length: 8 }, () => ({})),
      );
      const reused = context.backend.requests.filter(({ order }) => order > 1).length;
      check(reused > 0, "eight requests, eight connections");
      return `${reused} of 8`;
    },
  ],
]);

type Death = "reset" | "close";

// The race that no proxy can see coming: the connection is good until the request is on it.
function dieWhenReused(death: Death) {
  return async (seen: BackendRequest) => {
    if (seen.order === 1) {
      await seen.content;
      return seen.answer();
    }
    return death === "reset" ? seen.reset() : seen.end();
  };
}

async function sevenOnDyingConnections(
  context: Context,
  parts: { method: string },
  death: Death = "reset",
): Promise<string> {
  context.backend.script = dieWhenReused(death);
  const statuses = await statusesOf(
    context,
    Array.from({ length: 7 }, () => parts),
  );
  same(
    statuses.filter((status) => status !== 200),
    [],
    "statuses other than 200",
  );
  return `${context.backend.requests.length - 7} sent again`;
}

async function eachOnce(
  context: Context,
  method: string,
  framing: readonly string[] = ["Content-Length: 4"],
  content = "body",
): Promise<string> {
  const statuses = await statusesOf(
    context,
    Array.from({ length: 7 }, (_, turn) => ({
      method,
      fields: [...framing, `X-Turn: ${turn}`],
      content,
    })),
  );
  const turns = context.backend.requests.map(({ head }) => head.joined("x-turn"));
  same(turns, [...new Set(turns)], "turns at the backend");
  return `statuses ${[...new Set(statuses)].join(", ")}`;
}

/** Sends requests one after another on one connection, and on a new one if the proxy closes it. */
async function statusesOf(
  { connect, request }: Context,
  all: readonly RequestParts[],
): Promise<(number | "closed")[]> {
  const statuses: (number | "closed")[] = [];
  let client: Client | undefined;
  for (const parts of all) {
    client ??= await connect();
    await client.send(request(parts));
    try {
      const { status, head } = await client.answer();
      statuses.push(status);
      if (/close/i.test(head.joined("connection"))) client = undefined;
    } catch (error) {
      if (!(error instanceof BrokenOff) || error.how === "silent") throw error;
      statuses.push("closed");
      client = undefined;
    }
  }
  return statuses;
}
