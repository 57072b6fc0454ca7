import { type Context, check, section } from "../case.ts";

/** Milliseconds between the bytes of a slow client. */
const DRIP = 250;
/** Milliseconds until a slow client must be cut off; timeouts of 2 s are configured. */
const CUT_OFF = 15_000;
/** Milliseconds until an idle connection must be closed; common servers keep one for up to 75 s. */
const IDLE_AT_MOST = 90_000;

/** Clients that keep a connection busy by being slow. */
export const slowness = section("slowness", [
  [
    "a client that says nothing is cut off",
    "choice: bounded time",
    (context) => cutOff(context, "", ""),
  ],
  [
    "a head that stops half way is cut off",
    "choice: bounded time",
    (context) => cutOff(context, context.request().slice(0, -10), ""),
  ],
  [
    "a head that comes in drips is cut off",
    "choice: bounded time",
    (context) => cutOff(context, context.request().slice(0, -2), "X-Drip: 1\r\n"),
  ],
  [
    "a small body that stops half way is cut off",
    "choice: bounded time",
    (context) =>
      cutOff(
        context,
        context.request({ method: "POST", fields: ["Content-Length: 100"], content: "a" }),
        "",
      ),
  ],
  [
    "a large body that stops half way is cut off",
    "choice: bounded time",
    (context) =>
      cutOff(
        context,
        context.request({
          method: "POST",
          fields: ["Content-Length: 900000"],
          content: "a".repeat(99_000),
        }),
        "",
      ),
  ],
  [
    "a chunked body that stops half way is cut off",
    "choice: bounded time",
    (context) =>
      cutOff(
        context,
        context.request({
          method: "POST",
          fields: ["Transfer-Encoding: chunked"],
          content: "4\r\nbo",
        }),
        "",
      ),
  ],
  [
    "a keep-alive connection that nobody uses is closed in the end",
    "RFC 9112 9.8",
    async (context) => {
      const client = await context.connect();
      client.incoming.patience = IDLE_AT_MOST;
      await client.send(context.request());
      await client.answer();
      const { how } = await client.incoming.all();
      check(how !== "silent", `open after ${IDLE_AT_MOST} ms`);
    },
  ],
  [
    "slow clients hold up nobody else",
    "choice",
    async ({ connect, request, ask }) => {
      const slow = await Promise.all(Array.from({ length: 100 }, connect));
      for (const client of slow) await client.send(request().slice(0, -10));
      const { status } = await ask();
      check(status === 200, `answered ${status}`);
    },
  ],
]);

async function cutOff({ connect }: Context, first: string, drip: string): Promise<string> {
  const client = await connect();
  client.incoming.patience = CUT_OFF;
  const started = performance.now();
  await client.send(first);
  const dripping = setInterval(() => {
    if (drip !== "") void client.send(drip);
  }, DRIP);
  try {
    const { bytes, how } = await client.incoming.all();
    check(how !== "silent", `open after ${CUT_OFF} ms`);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    return `${bytes.toString("latin1").slice(9, 12) || how} after ${seconds} s`;
  } finally {
    clearInterval(dripping);
  }
}
