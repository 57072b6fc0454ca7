import { check, same, section } from "../case.ts";
import { BrokenOff } from "../incoming.ts";
import { noise } from "../noise.ts";

const PIECE = 1024 * 1024;
/** Maximum pieces sent; the configured limit is 100 MB. */
const PIECES = 130;

/** How much content a request may have. */
export const limits = section("limits", [
  [
    "a Content-Length over the limit is refused with 413 before any content comes",
    "RFC 9110 15.5.14",
    async ({ ask, backend }) => {
      const { status } = await ask({ method: "POST", fields: ["Content-Length: 130000000"] });
      same(status, 413, "status");
      same(backend.requests.length, 0, "requests at the backend");
    },
  ],
  [
    "chunks over the limit are refused, and are never whole at the backend",
    "RFC 9110 15.5.14",
    async ({ connect, request, backend }) => {
      let whole = false;
      backend.script = async (seen) => {
        seen.takeOver();
        for (let tail = ""; !whole;) {
          const piece = (await seen.incoming.some()).subarray(-5).toString("latin1");
          tail = (tail + piece).slice(-5);
          whole = tail === "0\r\n\r\n";
        }
        seen.end();
      };
      const client = await connect();
      await client.send(request({ method: "POST", fields: ["Transfer-Encoding: chunked"] }));
      const chunk = Buffer.concat([
        Buffer.from(`${PIECE.toString(16)}\r\n`),
        noise(PIECE),
        Buffer.from("\r\n"),
      ]);
      for (let sent = 0; sent < PIECES && client.incoming.ending === undefined; sent += 1) {
        await client.send(chunk);
      }
      await client.send("0\r\n\r\n");
      try {
        const { status } = await client.head();
        check(status >= 400, `answered ${status}`);
        return String(status);
      } catch (error) {
        if (!(error instanceof BrokenOff) || error.how === "silent") throw error;
        return "closed";
      } finally {
        check(!whole, "the backend got it whole");
      }
    },
  ],
]);
