import type { Fetch } from "../../http/fetch.ts";
import { reasonOf } from "../../http/fetch-reason.ts";
import { parseRetryAfter } from "../../http/retry-after.ts";
import { wholeContent } from "../../http/whole-content.ts";
import type { Clock } from "../../time/clock.ts";

/** What became of a message. */
export type PostOutcome =
  | { readonly kind: "accepted"; readonly rejected: number; readonly reason: string }
  /** It may be accepted later, and not before `after` milliseconds. */
  | { readonly kind: "again"; readonly reason: string; readonly after: number }
  | { readonly kind: "refused"; readonly reason: string };

/** One message to a receiver of OTLP over HTTP. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly content: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** The key of the answer under which it counts what it has refused of the message. */
  readonly rejectedKey: string;
  /** Ends it early. */
  readonly abort: AbortController;
}

/** The statuses that ask for the message to be sent again (OTLP 1.x). */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const LONGEST_ANSWER = 65_536;
const LONGEST_REASON = 300;

/** Not in the types of Bun: no proxy, whatever the environment says. */
const NO_PROXY = false as unknown as string;

/** Sends a message. Never rejects. */
export async function post(message: Post, fetch: Fetch, clock: Clock): Promise<PostOutcome> {
  const { url, headers, content, timeout, abort } = message;
  let isLate = false;
  const cancel = clock.schedule(timeout, () => {
    isLate = true;
    abort.abort();
  });
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "user-agent": "gateway" },
      body: content,
      redirect: "manual",
      // Otherwise a proxy for the outside, named in the environment, would get it.
      proxy: NO_PROXY,
      signal: abort.signal,
    });
    return await outcomeOf(response, message, clock);
  } catch (error) {
    const reason = isLate ? `it does not answer within ${timeout} ms` : reasonOf(error);
    return { kind: "again", reason, after: 0 };
  } finally {
    cancel();
  }
}

async function outcomeOf(
  response: Response,
  { rejectedKey }: Post,
  clock: Clock,
): Promise<PostOutcome> {
  const { status, headers } = response;
  // An answer that breaks off has still told its status.
  const content = await wholeContent(response, LONGEST_ANSWER).catch(() => undefined);
  const text = content?.toString("utf8") ?? "";
  if (status >= 200 && status < 300)
    return { kind: "accepted", ...partialSuccess(text, rejectedKey) };
  const said = shortened(messageIn(text));
  const reason = `it answers ${status}${said === "" ? "" : `: ${said}`}`;
  if (!AGAIN.has(status)) return { kind: "refused", reason };
  const asked = headers.get("retry-after");
  const after = asked === null ? undefined : parseRetryAfter(asked, clock.wall());
  return { kind: "again", reason, after: after ?? 0 };
}

/** What a receiver says that it has refused of a message, and why. */
function partialSuccess(text: string, key: string): { rejected: number; reason: string } {
  const answer = objectIn(text)["partialSuccess"];
  if (typeof answer !== "object" || answer === null) return { rejected: 0, reason: "" };
  const { [key]: count, errorMessage } = answer as Readonly<Record<string, unknown>>;
  const rejected = Math.max(0, Math.trunc(Number(count ?? 0)));
  return {
    rejected: Number.isSafeInteger(rejected) ? rejected : 0,
    reason: shortened(typeof errorMessage === "string" ? errorMessage : ""),
  };
}

/** The message of an error's status object, or the beginning of a text. */
function messageIn(text: string): string {
  const { message } = objectIn(text);
  return typeof message === "string" ? message : (text.trim().split("\n", 1)[0] ?? "");
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function shortened(text: string): string {
  return text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON)}…`;
}
