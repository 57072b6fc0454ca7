import type { Script } from "../backend.ts";
import { type Context, check, same, section, within } from "../case.ts";
import { chunks } from "../message.ts";
import { noise } from "../noise.ts";

/** What arrives when, and how an answer that breaks off ends. */
export const streaming = section("streaming", [
  [
    "server-sent events are passed on as they come",
    "choice: streaming",
    async ({ connect, request, backend }) => {
      const client = await connect();
      let send: (event: string) => Promise<void> = async () => {};
      backend.script = async (seen) => {
        await seen.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        send = (event) => seen.send(`${event.length.toString(16)}\r\n${event}\r\n`);
        await send("data: 1\n\n");
      };
      await client.send(request());
      for (const event of [1, 2, 3]) {
        await within(1500, `event ${event}`, client.incoming.until(`data: ${event}\n\n`));
        if (event < 3) await send(`data: ${event + 1}\n\n`);
      }
    },
  ],
  [
    "an answer of unknown length is streamed",
    "choice: streaming",
    async ({ connect, request, backend }) => {
      const client = await connect();
      let last: () => Promise<void> = async () => {};
      backend.script = async (seen) => {
        await seen.send("HTTP/1.1 200 OK\r\n\r\nfirst");
        last = () => seen.last("last");
      };
      await client.send(request());
      await within(1500, "first part", client.incoming.until("first"));
      await last();
      await within(1500, "last part", client.incoming.until("last"));
    },
  ],
  [
    "the head of an answer is passed on before any of its content",
    "choice: streaming",
    async ({ connect, request, backend }) => {
      const client = await connect();
      backend.script = (seen) => seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      await client.send(request());
      same((await within(1500, "head", client.head())).status, 200, "status");
    },
  ],
  [
    "a slow answer of small known length is passed on",
    "RFC 9110 6.4",
    async ({ ask, backend }) => {
      backend.script = async (seen) => {
        for (const piece of [
          "HTTP/1.1 200 OK\r\nContent-",
          "Length: 6\r\n\r",
          "\nab",
          "cd",
          "ef",
        ]) {
          await seen.send(piece);
          await Bun.sleep(30);
        }
      };
      same((await ask()).bytes.toString(), "abcdef", "content");
    },
  ],
  truncated("a small answer cut short of its Content-Length", async (seen) => {
    await seen.last("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  }),
  truncated("a large answer cut short of its Content-Length", async (seen) => {
    await seen.send("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
    await seen.last(noise(2_000_000));
  }),
  truncated("an answer that promises a length and sends none of it", async (seen) => {
    await seen.last("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
  }),
  truncated("a chunked answer without its last chunk", async (seen) => {
    await seen.last("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  }),
  truncated("a large chunked answer without its last chunk", async (seen) => {
    await seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await seen.last(chunks(noise(2_000_000)).subarray(0, -5));
  }),
  truncated("a chunked answer cut in the middle of a chunk", async (seen) => {
    await seen.last("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc");
  }),
  truncated("an answer of known length that is reset half way", async (seen) => {
    await seen.send("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
    await seen.send(noise(1_000_000));
    seen.reset();
  }),
  truncated("a chunked answer that is reset half way", async (seen) => {
    await seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await Bun.sleep(50);
    seen.reset();
  }),
  truncated(
    "a gzip answer cut short of its Content-Length",
    async (seen) => {
      const fields = "Content-Encoding: gzip\r\nContent-Length: 90";
      await seen.last(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n\x1f\x8b\x08`);
    },
    ["Accept-Encoding: gzip"],
  ),
  [
    "a 103 before the final answer does not become the answer",
    "RFC 9110 15.2",
    async ({ ask, backend }) => {
      backend.script = async (seen) => {
        await seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
        await seen.answer("final");
      };
      const answer = await ask();
      same(answer.status, 200, "status");
      same(answer.bytes.toString(), "final", "content");
      return answer.interim.length > 0 ? "103 passed on" : "103 dropped";
    },
  ],
  [
    "a 103 before the final answer is passed on",
    "RFC 9110 15.2 (MUST)",
    async ({ ask, backend }) => {
      backend.script = async (seen) => {
        await seen.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
        await seen.answer("final");
      };
      same((await ask()).interim.length, 1, "1xx answers");
    },
  ],
  [
    "a reader that stops holds the backend back",
    "choice: bounded memory",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const size = 64 * 1024 * 1024;
      let sent = 0;
      backend.script = async (seen) => {
        await seen.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        const piece = noise(1024 * 1024);
        for (; sent < size; sent += piece.length) await seen.send(piece);
      };
      await client.send(request());
      await client.head();
      client.pause();
      const taken = await settled(() => sent);
      client.reset();
      check(taken < size / 2, `${taken >> 20} MB of ${size >> 20} MB were taken`);
      return `${taken >> 20} MB taken`;
    },
  ],
  [
    "a backend that does not read holds the client back",
    "choice: bounded memory",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const size = 64 * 1024 * 1024;
      backend.script = (seen) => seen.stopReading();
      await client.send(request({ method: "POST", fields: [`Content-Length: ${size}`] }));
      const piece = noise(1024 * 1024);
      let sent = 0;
      void (async () => {
        for (; sent < size; sent += piece.length) await client.send(piece);
      })();
      const taken = await settled(() => sent);
      client.reset();
      check(taken < size / 2, `${taken >> 20} MB of ${size >> 20} MB were taken`);
      return `${taken >> 20} MB taken`;
    },
  ],
]);

type Row = readonly [string, string, (context: Context) => Promise<string>];

function truncated(what: string, script: Script, fields: readonly string[] = []): Row {
  return [
    `${what} never looks complete to the client`,
    "RFC 9112 8",
    async ({ ask, backend }) => {
      backend.script = script;
      try {
        const answer = await ask({ fields });
        if (answer.status >= 500) return String(answer.status);
        check(!answer.complete, `complete, framed by ${answer.framing}`);
        return `broken off, framed by ${answer.framing}`;
      } catch (error) {
        return error instanceof Error && error.message.startsWith("connection")
          ? "broken off before the head"
          : Promise.reject(error);
      }
    },
  ];
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
