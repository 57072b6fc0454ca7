import { type Context, check, same, section } from "../case.ts";
import { acceptFor } from "../frames.ts";
import { KEY, open, upgrade } from "../websocket.ts";

/** How a WebSocket is opened, or is not. */
export const websocketHandshakes = section("websocket handshakes", [
  [
    "an upgrade gets through, and its accept key is right",
    "RFC 6455 4.1",
    async (context) => {
      const { head } = await open(context);
      same(head.all("sec-websocket-accept"), [acceptFor(KEY)], "Sec-WebSocket-Accept");
      same(head.joined("upgrade").toLowerCase(), "websocket", "Upgrade");
    },
  ],
  [
    "subprotocols, cookies, origin and authorization reach the backend",
    "RFC 6455 4.1",
    async (context) => {
      const fields = [
        "Sec-WebSocket-Protocol: chat, superchat",
        "Cookie: a=1; b=2",
        "Origin: https://app.test",
        "Authorization: Bearer t",
      ];
      const { seen } = await open(context, fields);
      same(
        seen.head.joined("sec-websocket-protocol").replaceAll(" ", ""),
        "chat,superchat",
        "Sec-WebSocket-Protocol",
      );
      same(seen.head.all("cookie"), ["a=1; b=2"], "Cookie");
      same(seen.head.all("origin"), ["https://app.test"], "Origin");
      same(seen.head.all("authorization"), ["Bearer t"], "Authorization");
    },
  ],
  [
    "the subprotocol is the one that the backend chose",
    "RFC 6455 4.2.2",
    async (context) => {
      const { head } = await open(
        context,
        ["Sec-WebSocket-Protocol: chat, superchat"],
        ["Sec-WebSocket-Protocol: superchat"],
      );
      same(head.all("sec-websocket-protocol"), ["superchat"], "Sec-WebSocket-Protocol");
    },
  ],
  [
    "no subprotocol is invented when the backend chose none",
    "RFC 6455 4.2.2",
    async (context) => {
      const { head } = await open(context, ["Sec-WebSocket-Protocol: chat"]);
      same(head.all("sec-websocket-protocol"), [], "Sec-WebSocket-Protocol");
    },
  ],
  [
    "Set-Cookie and other fields of the backend's 101 reach the client",
    "RFC 6455 4.2.2",
    async (context) => {
      const { head } = await open(context, [], ["Set-Cookie: s=1", "X-Node: 7"]);
      same([head.all("set-cookie"), head.all("x-node")], [["s=1"], ["7"]], "fields");
    },
  ],
  [
    "an extension that the backend did not accept is not accepted for it",
    "RFC 6455 9.1",
    async (context) => {
      const { head } = await open(context, ["Sec-WebSocket-Extensions: permessage-deflate"]);
      same(head.all("sec-websocket-extensions"), [], "Sec-WebSocket-Extensions");
    },
  ],
  ...[401, 403, 404, 503].map(
    (status) =>
      [
        `a refusal of the backend with ${status} reaches the client`,
        "RFC 6455 4.2.2",
        async ({ ask, backend }: Context) => {
          backend.script = (seen) => seen.answer("no", ["X-Why: because"], `${status} No`);
          same((await ask({ fields: upgrade() })).status, status, "status");
        },
      ] as const,
  ),
  [
    "a refusal of the backend keeps its fields and content",
    "RFC 6455 4.2.2",
    async ({ ask, backend }) => {
      backend.script = (seen) =>
        seen.answer("log in", ["WWW-Authenticate: Basic"], "401 Unauthorized");
      const answer = await ask({ fields: upgrade() });
      same(
        [answer.head.all("www-authenticate"), answer.bytes.toString()],
        [["Basic"], "log in"],
        "answer",
      );
    },
  ],
  [
    "a backend that takes an upgrade for a plain request has its answer passed on",
    "RFC 9110 7.8",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.answer("plain");
      const answer = await ask({ fields: upgrade() });
      same(answer.status, 200, "status");
    },
  ],
  [
    "a backend that drops an upgrade gets the client a 502",
    "RFC 9110 15.6.3",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.reset();
      same((await ask({ fields: upgrade() })).status, 502, "status");
    },
  ],
  [
    "a 101 with a wrong accept key opens nothing, or is the client's to refuse",
    "RFC 6455 4.1",
    async ({ ask, backend }) => {
      backend.script = (seen) => {
        seen.takeOver();
        return seen.send(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        );
      };
      const answer = await ask({ fields: upgrade() });
      if (answer.status !== 101) return String(answer.status);
      same(answer.head.all("sec-websocket-accept"), ["wrong"], "Sec-WebSocket-Accept");
      return undefined;
    },
  ],
  [
    "after a refused upgrade no bytes get past the proxy",
    "RFC 9110 7.8, smuggling by a tunnel that is none",
    async ({ connect, backend, request, path }) => {
      backend.script = (seen) => seen.answer("no", [], "426 Upgrade Required");
      const fields = [
        ...upgrade().filter((line) => !line.endsWith("13")),
        "Sec-WebSocket-Version: 777",
      ];
      const client = await connect();
      await client.send(request({ fields }) + request({ target: path("/behind") }));
      const { bytes } = await client.incoming.all();
      const past = backend.requests.some(
        ({ head, target }) => target.endsWith("/behind") && !head.has("x-forwarded-for"),
      );
      check(!past, "the backend saw a request that the proxy did not");
      return `${bytes.toString("latin1").split("HTTP/1.1 ").length - 1} answers`;
    },
  ],
]);
