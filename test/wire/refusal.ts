import { type Context, check, fail } from "./case.ts";
import { BrokenOff } from "./incoming.ts";

/**
 * Sends bytes and returns the status of the refusal, or "closed". Passes if the client is refused or
 * disconnected and the backend never got a complete request out of it: a streaming proxy may have begun
 * one before the flaw was visible.
 */
export async function refused(context: Context, bytes: string): Promise<string> {
  const outcome = await answerTo(context, bytes);
  if (typeof outcome === "number" && outcome < 400) fail(`answered ${outcome}`);
  check((await wholeRequests(context)).length === 0, "the backend got a whole request");
  return String(outcome);
}

/**
 * Refused, or passed on as one request with that content. Every case checks that what is passed on has
 * only one meaning.
 */
export async function refusedOrHarmless(
  context: Context,
  bytes: string,
  content?: string,
): Promise<string> {
  const outcome = await answerTo(context, bytes);
  const whole = await wholeRequests(context);
  if (whole.length === 0) return String(outcome);
  check(whole.length === 1, `the backend got ${whole.length} requests`);
  if (content !== undefined && whole[0] !== content) {
    fail(`the backend got content ${JSON.stringify(whole[0]?.slice(0, 60))}`);
  }
  return `passed on (${outcome})`;
}

/** The status of the first answer, or "closed" when the connection ended without one. */
export async function answerTo(context: Context, bytes: string): Promise<number | "closed"> {
  const client = await context.connect();
  void client.send(bytes);
  try {
    const { status } = await client.head();
    return status;
  } catch (error) {
    if (error instanceof BrokenOff && error.how !== "silent") {
      const status = /^HTTP\/1\.[01] ([0-9]{3})/.exec(error.rest.toString("latin1"))?.[1];
      return status === undefined ? "closed" : Number(status);
    }
    throw error;
  }
}

/** The contents of the requests that came to the backend whole. */
export async function wholeRequests({ backend }: Context): Promise<string[]> {
  const contents = await Promise.all(
    backend.requests.map((seen) => Promise.race([seen.content, Bun.sleep(SETTLED_MS)])),
  );
  return contents.flatMap((content) =>
    content?.complete === true ? [content.bytes.toString("latin1")] : [],
  );
}

// Long enough for what the proxy has already sent to be read here.
const SETTLED_MS = 200;
