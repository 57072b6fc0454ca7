import { wholeContent } from "../../http/whole-content.ts";
import type { Clock } from "../../time/clock.ts";
import { secretCheck } from "../../units/secret.ts";
import { isForeignTo } from "./access.ts";
import type { Session } from "./sessions.ts";
import type { Visitor } from "./visitor.ts";

/** Bytes of content that a page takes at most. */
const MOST_CONTENT = 65_536;
/** How long it may take to arrive, in milliseconds: strangers may send some, to log in. */
export const CONTENT_MS = 10_000;

/** Whether a request with this method changes something. */
export function isWrite(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

/**
 * Checks a request that changes something, for all of the operator's pages: the answer that refuses it,
 * or the request with its content read.
 *
 * A page of another site must not change anything in the name of an operator whose browser can reach
 * this port. A browser says for whom it sends (Origin, Sec-Fetch-Site), and asks before it sends JSON to
 * another origin (a CORS preflight, which is never granted); an old one that says nothing cannot send
 * JSON by a form. Besides, a browser that has logged in sends what only its own page can have read.
 */
export async function checkedWrite(
  request: Request,
  clock: Clock,
  visitor?: Visitor,
): Promise<Request | Response> {
  const { headers } = request;
  if (isForeignTo(headers.get("host") ?? "", headers)) {
    return refusal(403, "pages of another origin cannot change anything here");
  }
  if (!hasCsrf(headers, visitor?.session)) {
    return refusal(403, "send the csrf value of /admin/api/session as x-csrf-token");
  }
  if (!isJson(headers.get("content-type"))) {
    return refusal(415, "send JSON, with content-type: application/json");
  }
  const content = await inTime(wholeContent(request, MOST_CONTENT), clock);
  if (content === "late") {
    const seconds = CONTENT_MS / 1_000;
    return refusal(408, `the content did not arrive within ${seconds} s`);
  }
  if (content === undefined) {
    return refusal(413, `the content is larger than ${MOST_CONTENT} bytes`);
  }
  if (!isValidJson(content)) return refusal(400, "the content is not valid JSON");
  return new Request(request.url, { method: request.method, headers, body: content });
}

function hasCsrf(headers: Headers, session: Session | undefined): boolean {
  return session === undefined || secretCheck(session.csrf)(headers.get("x-csrf-token") ?? "");
}

function refusal(status: number, text: string): Response {
  return new Response(`${text}\n`, { status });
}

async function inTime<Content>(
  arriving: Promise<Content>,
  clock: Clock,
): Promise<Content | "late"> {
  let cancel = (): void => {};
  const late = new Promise<"late">((resolve) => {
    cancel = clock.schedule(CONTENT_MS, () => resolve("late"));
  });
  try {
    return await Promise.race([arriving, late]);
  } finally {
    cancel();
    // Once nobody waits for it, it may break off.
    arriving.catch(() => {});
  }
}

function isJson(contentType: string | null): boolean {
  return /^application\/json *(?:;|$)/i.test(contentType ?? "");
}

function isValidJson(content: Buffer): boolean {
  try {
    JSON.parse(content.toString());
    return true;
  } catch {
    return false;
  }
}
