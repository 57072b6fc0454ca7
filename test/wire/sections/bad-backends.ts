import type { Script } from "../backend.ts";
import { type Context, check, fail, same, section, within } from "../case.ts";
import { BrokenOff } from "../incoming.ts";

const OK = "HTTP/1.1 200 OK\r\n";
/** Milliseconds in which a broken answer must have become an error. */
const QUICKLY = 4_000;

/** Backends that answer with something else than one well-formed answer. */
export const badBackends = section("bad backends", [
  broken("bytes that are not HTTP", "RFC 9110 15.6.3", (seen) =>
    seen.last("this is not HTTP\r\n\r\n"),
  ),
  broken("bytes that are not HTTP, and silence", "RFC 9110 15.6.3", (seen) =>
    seen.send("SSH-2.0-OpenSSH_9.2\r\n"),
  ),
  broken("an empty line and silence", "RFC 9110 15.6.5", (seen) => seen.send("\r\n\r\n")),
  broken("two Content-Length that differ", "RFC 9112 6.3 (MUST)", (seen) =>
    seen.last(`${OK}Content-Length: 4\r\nContent-Length: 2\r\n\r\nbody`),
  ),
  broken("a list of lengths that differ", "RFC 9112 6.3 (MUST)", (seen) =>
    seen.last(`${OK}Content-Length: 4, 2\r\n\r\nbody`),
  ),
  ...["-4", "+4", "0x4", "four", "99999999999999999999999"].map((length) =>
    broken(`Content-Length: ${length}`, "RFC 9112 6.3 (MUST)", (seen) =>
      seen.last(`${OK}Content-Length: ${length}\r\n\r\nbody`),
    ),
  ),
  plainOr502("Content-Length beside Transfer-Encoding", "RFC 9112 6.3", (seen) =>
    seen.last(`${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`),
  ),
  plainOr502("two Content-Length that agree", "RFC 9112 6.3", (seen) =>
    seen.last(`${OK}Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody`),
  ),
  broken("an unknown Transfer-Encoding", "RFC 9112 6.1", (seen) =>
    seen.last(`${OK}Transfer-Encoding: xchunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`),
  ),
  ...["99", "600", "700", "999", "1000", "abc", "-200", "2xx", "000"].map((status) =>
    broken(`status ${status}`, "RFC 9110 15, choice", (seen) =>
      seen.last(`HTTP/1.1 ${status} Odd\r\nContent-Length: 4\r\n\r\nbody`),
    ),
  ),
  plainOr502("no reason phrase", "RFC 9112 4", (seen) =>
    seen.last("HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody"),
  ),
  broken("HTTP/2.0 as the version", "RFC 9110 15.6.3", (seen) =>
    seen.last("HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nbody"),
  ),
  broken("endless fields", "choice: bounded memory", async (seen) => {
    await seen.send(OK);
    const fields = Array.from(
      { length: 500 },
      (_, index) => `X-F${index}: ${"v".repeat(100)}\r\n`,
    ).join("");
    for (let turn = 0; turn < 400 && seen.incoming.ending === undefined; turn += 1)
      await seen.send(fields);
  }),
  broken("one endless field", "choice: bounded memory", async (seen) => {
    await seen.send(`${OK}X-Endless: `);
    const piece = "v".repeat(100_000);
    for (let turn = 0; turn < 200 && seen.incoming.ending === undefined; turn += 1)
      await seen.send(piece);
  }),
  broken("an endless flood of 1xx", "choice: bounded time", async (seen) => {
    const piece = "HTTP/1.1 102 Processing\r\n\r\n".repeat(100);
    while (seen.incoming.ending === undefined) {
      await seen.send(piece);
      await Bun.sleep(10);
    }
  }),
  broken("101 that nobody asked for", "RFC 9110 15.2.2", (seen) =>
    seen.last(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\nfree bytes",
    ),
  ),
  broken(
    "NUL in a value",
    "RFC 9110 5.5 (MUST)",
    (seen) => seen.last(`${OK}X-Nul: a\0b\r\nContent-Length: 4\r\n\r\nbody`),
    "\0",
  ),
  broken(
    "a bare CR in a value",
    "RFC 9110 5.5 (MUST)",
    (seen) => seen.last(`${OK}X-Cr: a\rX-Injected: 1\r\nContent-Length: 4\r\n\r\nbody`),
    "\rX",
  ),
  plainOr502("bare LF line ends", "RFC 9112 2.2", (seen) =>
    seen.last("HTTP/1.1 200 OK\nContent-Length: 4\n\nbody"),
  ),
  plainOr502("an obs-fold", "RFC 9112 5.2", (seen) =>
    seen.last(`${OK}X-Folded: a\r\n b\r\nContent-Length: 4\r\n\r\nbody`),
  ),
  plainOr502("a space before a colon", "RFC 9112 5.1", (seen) =>
    seen.last(`${OK}X-Space : 1\r\nContent-Length: 4\r\n\r\nbody`),
  ),
  broken(
    "a space before the colon of Content-Length",
    "RFC 9112 5.1",
    (seen) => seen.last(`${OK}Content-Length : 2\r\nContent-Length: 4\r\n\r\nbody`),
    " :",
  ),
  ...["zz", "-4", "0x4", "", "10000000000000004"].map((size) =>
    brokenBody(`a chunk size of ${JSON.stringify(size)}`, `${size}\r\nbody\r\n0\r\n\r\n`),
  ),
  brokenBody("a chunk longer than its size", "3\r\nbody\r\n0\r\n\r\n"),
  brokenBody("junk behind the last chunk's size", "4\r\nbody\r\n0junk\r\n\r\n"),
  [
    "more bytes than Content-Length never reach the next client",
    "RFC 9112 6.3",
    async ({ ask, backend }) => {
      backend.script = (seen) =>
        seen.send(
          `${OK}Content-Length: 4\r\n\r\nbody${OK}Content-Length: 6\r\nX-Poison: 1\r\n\r\npoison`,
        );
      same((await ask()).bytes.toString(), "body", "content");
      backend.script = (seen) => seen.answer("clean");
      for (let turn = 0; turn < 5; turn += 1) {
        const answer = await ask();
        check(!answer.head.has("x-poison"), "a client got an answer that was not its own");
        same(answer.bytes.toString(), "clean", "content");
      }
    },
  ],
  [
    "an answer to a HEAD that has content after all never reaches the next client",
    "RFC 9110 9.3.2",
    async ({ ask, backend }) => {
      const poison = `${OK}Content-Length: 6\r\nX-Poison: 1\r\n\r\npoison`;
      backend.script = (seen) =>
        seen.send(`${OK}Content-Length: ${poison.length}\r\n\r\n${poison}`);
      await ask({ method: "HEAD" });
      backend.script = (seen) => seen.answer("clean");
      for (let turn = 0; turn < 5; turn += 1) {
        const answer = await ask();
        check(!answer.head.has("x-poison"), "a client got an answer that was not its own");
        same(answer.bytes.toString(), "clean", "content");
      }
    },
  ],
  broken("nothing, and closes", "RFC 9110 15.6.3", (seen) => seen.end()),
  broken("nothing, and resets", "RFC 9110 15.6.3", (seen) => seen.reset()),
  broken("half a status line, and closes", "RFC 9110 15.6.3", (seen) => seen.last("HTTP/1.1 20")),
  broken("half a head, and closes", "RFC 9110 15.6.3", (seen) => seen.last(`${OK}Content-Le`)),
  broken("half a head, and resets", "RFC 9110 15.6.3", async (seen) => {
    await seen.send(`${OK}Content-Le`);
    await Bun.sleep(20);
    seen.reset();
  }),
  broken("half a head, and silence", "RFC 9110 15.6.5", (seen) => seen.send(`${OK}Content-Le`)),
  [
    "a backend that says nothing gets the client a 504",
    "RFC 9110 15.6.5",
    async ({ ask, backend }) => {
      backend.script = () => {};
      same((await ask()).status, 504, "status");
    },
  ],
  [
    "a backend that stalls in the middle of its content does not hold the client forever",
    "choice: idle timeout",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.send(`${OK}Content-Length: 5000000\r\n\r\nabc`);
      const started = performance.now();
      const answer = await ask().catch((error: unknown) =>
        error instanceof BrokenOff ? error : fail(String(error)),
      );
      check(!("complete" in answer && answer.complete), "looked complete");
      check(performance.now() - started < QUICKLY, "still open after the timeout");
    },
  ],
]);

type Row = readonly [string, string, (context: Context) => Promise<string>];

/** Wants 502 or 504, soon, and the same client's connection, or a new one, unharmed. */
function broken(what: string, why: string, script: Script, never?: string): Row {
  return [
    `${what} from the backend becomes 502 or 504`,
    why,
    async (context) => {
      const { text, status } = await answerOf(context, script);
      if (never !== undefined && status === 200) {
        check(!text.includes(never), "it reached the client");
        return "made plain";
      }
      check([502, 504, 500].includes(status), `answered ${status}`);
      return String(status);
    },
  ];
}

function plainOr502(what: string, why: string, script: Script): Row {
  return [
    `${what} from the backend becomes 502, or a plain answer`,
    why,
    async (context) => {
      const { status, content, text } = await answerOf(context, script);
      if (status !== 200) {
        check([502, 504, 500].includes(status), `answered ${status}`);
        return String(status);
      }
      check(/content-length: 4\r|transfer-encoding: chunked\r/i.test(text), "without framing");
      check(
        !/content-length[^]*transfer-encoding|transfer-encoding[^]*content-length|content-length[^]*content-length| :|[^\r]\n/i.test(
          text,
        ),
        "not plain",
      );
      same(content, "body", "content");
      return "made plain";
    },
  ];
}

function brokenBody(what: string, chunked: string): Row {
  return [
    `${what} from the backend never looks complete`,
    "RFC 9112 7.1, 8",
    async ({ ask, backend }) => {
      backend.script = (seen) => seen.last(`${OK}Transfer-Encoding: chunked\r\n\r\n${chunked}`);
      try {
        const answer = await ask();
        check(
          answer.status >= 500 || !answer.complete,
          `complete: ${JSON.stringify(answer.bytes.toString())}`,
        );
        return answer.status >= 500 ? String(answer.status) : "broken off";
      } catch (error) {
        if (error instanceof BrokenOff && error.how !== "silent") return "broken off";
        throw error;
      }
    },
  ];
}

async function answerOf(context: Context, script: Script) {
  const { backend, connect, request } = context;
  const client = await connect();
  backend.script = (seen) => (seen.head.has("x-after") ? seen.answer("after") : script(seen));
  const started = performance.now();
  await client.send(request());
  const answer = await within(2 * QUICKLY, "final answer", client.answer());
  const took = performance.now() - started;
  check(took < QUICKLY, `took ${Math.round(took)} ms`);
  await unharmed(context);
  return { status: answer.status, text: answer.head.text, content: answer.bytes.toString() };
}

async function unharmed({ ask }: Context): Promise<void> {
  const after = await ask({ fields: ["X-After: 1"] });
  same([after.status, after.bytes.toString()], [200, "after"], "the next answer");
}
