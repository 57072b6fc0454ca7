import { type Context, same, section } from "../case.ts";

const UPGRADE = ["Connection: Upgrade", "Upgrade: tcp"];
const AGREED = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/** Asks for an upgrade to a protocol that nobody knows, as Docker's clients do; the backend agrees. */
async function open({ connect, request, backend }: Context, early = "") {
  backend.script = (seen) => {
    seen.takeOver();
    return seen.send(AGREED + early);
  };
  const came = backend.next();
  const client = await connect();
  await client.send(request({ method: "POST", fields: UPGRADE }) + early);
  const { head, status } = await client.head();
  same(status, 101, "status");
  return { client, head, seen: await came };
}

/** Upgrades to protocols other than WebSocket. */
export const upgrades = section("upgrades", [
  [
    "an upgrade to any protocol reaches the backend, and its 101 the client",
    "RFC 9110 7.8",
    async (context) => {
      const { head, seen } = await open(context);
      same(seen.head.joined("upgrade"), "tcp", "Upgrade at the backend");
      same(seen.head.joined("connection").toLowerCase(), "upgrade", "Connection at the backend");
      same(head.joined("upgrade"), "tcp", "Upgrade at the client");
      same(head.joined("connection").toLowerCase(), "upgrade", "Connection at the client");
    },
  ],
  [
    "after a 101 bytes pass both ways as they are",
    "RFC 9110 7.8",
    async (context) => {
      const { client, seen } = await open(context);
      const bytes = "\0\r\n\r\nGET / HTTP/1.1\r\n\xff";
      await client.send(bytes);
      same((await seen.incoming.exactly(bytes.length)).toString("latin1"), bytes, "at the backend");
      await seen.send(bytes);
      same(
        (await client.incoming.exactly(bytes.length)).toString("latin1"),
        bytes,
        "at the client",
      );
    },
  ],
  [
    "bytes in the packet of the request and of the 101 are not lost",
    "RFC 9110 7.8",
    async (context) => {
      const { client, seen } = await open(context, "early");
      same((await seen.incoming.exactly(5)).toString(), "early", "at the backend");
      same((await client.incoming.exactly(5)).toString(), "early", "at the client");
    },
  ],
  [
    "the end of what a backend sends is passed on, and the client can still send",
    "choice: TCP allows it",
    async (context) => {
      const { client, seen } = await open(context);
      await seen.last("all");
      same((await client.incoming.all()).bytes.toString(), "all", "at the client");
      await client.send("the answer");
      same((await seen.incoming.exactly(10)).toString(), "the answer", "at the backend");
    },
  ],
  [
    "a 101 that nobody asked for reaches no client",
    "RFC 9110 15.2.2",
    async ({ ask, backend }) => {
      backend.script = (seen) => {
        seen.takeOver();
        return seen.send(AGREED);
      };
      same((await ask()).status, 502, "status");
    },
  ],
  [
    "a 101 to another protocol than the one asked for reaches no client",
    "RFC 9110 15.2.2",
    async ({ ask, backend }) => {
      backend.script = (seen) => {
        seen.takeOver();
        return seen.send(AGREED);
      };
      const fields = ["Connection: Upgrade", "Upgrade: other"];
      same((await ask({ fields })).status, 502, "status");
    },
  ],
  [
    "an upgrade to HTTP without TLS is not passed on",
    "choice: its requests would pass unchecked",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.answer(seen.head.joined("upgrade"));
      const fields = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"];
      const answer = await ask({ fields });
      same([answer.status, answer.bytes.toString()], [200, ""], "answer");
    },
  ],
]);
