import { check, same, section, within } from "../case.ts";
import { noise } from "../noise.ts";

const SOON = 1500;

/** Clients that go away. */
export const leaving = section("leaving", [
  [
    "a client that closes while it waits for the answer ends the backend's connection",
    "choice: abort at once",
    async ({ connect, request, backend }) => {
      const client = await connect();
      backend.script = () => {};
      const came = backend.next();
      await client.send(request());
      const seen = await within(SOON, "request", came);
      client.close();
      await within(SOON, "end at the backend", seen.incoming.ended);
    },
  ],
  [
    "a client that resets while it waits for the answer ends the backend's connection",
    "choice: abort at once",
    async ({ connect, request, backend }) => {
      const client = await connect();
      backend.script = () => {};
      const came = backend.next();
      await client.send(request());
      const seen = await within(SOON, "request", came);
      client.reset();
      await within(SOON, "end at the backend", seen.incoming.ended);
    },
  ],
  [
    "a client that leaves in the middle of a streamed answer ends the backend's connection",
    "choice: abort at once",
    async ({ connect, request, backend }) => {
      const client = await connect();
      backend.script = (seen) =>
        seen.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
      const came = backend.next();
      await client.send(request());
      const seen = await came;
      await client.incoming.until("first");
      client.close();
      await within(SOON, "end at the backend", seen.incoming.ended);
    },
  ],
  [
    "a client that leaves in the middle of a large answer ends the backend's connection",
    "choice: abort at once",
    async ({ connect, request, backend }) => {
      const client = await connect();
      backend.script = async (seen) => {
        await seen.send("HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n");
        const piece = noise(1_000_000);
        for (let sent = 0; sent < 90 && seen.incoming.ending === undefined; sent += 1) {
          await seen.send(piece);
        }
      };
      const came = backend.next();
      await client.send(request());
      await client.incoming.exactly(200_000);
      client.reset();
      const { incoming } = await came;
      await within(SOON, "end at the backend", incoming.ended);
    },
  ],
  [
    "a client that leaves in the middle of its upload ends the backend's connection",
    "choice: abort at once",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const came = backend.next();
      await client.send(request({ method: "POST", fields: ["Content-Length: 90000000"] }));
      await client.send(noise(500_000));
      const seen = await within(SOON, "request", came);
      client.close();
      const content = await within(SOON, "end at the backend", seen.content);
      check(!content.complete, "the upload looked whole");
    },
  ],
  [
    "a client that leaves harms nobody else",
    "choice",
    async ({ connect, request, ask, backend }) => {
      backend.script = (seen) => (seen.head.has("x-stay") ? seen.answer("stays") : undefined);
      const leaver = await connect();
      const came = backend.next();
      await leaver.send(request());
      await within(SOON, "request", came);
      leaver.reset();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ask({ fields: ["X-Stay: 1"] })),
      );
      for (const answer of answers) same(answer.bytes.toString(), "stays", "content");
    },
  ],
  [
    "a client that closes its sending side only still gets its answer",
    "choice: RFC 9112 9.6 leaves it open",
    async ({ connect, request, backend }) => {
      const client = await connect();
      const came = backend.next();
      backend.script = () => {};
      await client.send(request());
      client.end();
      const seen = await within(SOON, "request", came);
      await Bun.sleep(50);
      await seen.answer("still there");
      same((await client.answer()).bytes.toString(), "still there", "content");
    },
  ],
]);
