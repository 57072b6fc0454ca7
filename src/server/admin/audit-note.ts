import { withoutUserInfo } from "../../http/user-info.ts";
import type { AuditNote } from "../../telemetry/notes/note.ts";
import type { Visitor } from "./visitor.ts";

/** Members of contents that are secrets. */
const SECRETS: ReadonlySet<string> = new Set(["token"]);
const LONGEST_TEXT = 2_048;
const PREFIX = /^\/admin\/(?:api\/)?/;
const TOO_MANY_REQUESTS = 429;
const UNAUTHORIZED = 401;
const LOGIN = "login";

/**
 * What the audit table says of a request that was to change something. Undefined for one that was not
 * even looked at, because there were too many, and for what a stranger sends that is no login: a flood of
 * them must not fill the table.
 */
export async function auditNote(
  request: Request,
  answer: Response,
  { by, peer }: Visitor,
): Promise<Omit<AuditNote, "at"> | undefined> {
  const { status } = answer;
  if (status === TOO_MANY_REQUESTS) return undefined;
  // Wrong tokens are slowed, and right ones are not a stranger's.
  if (by === "nobody" && status >= 400 && status !== UNAUTHORIZED) return undefined;
  const action = cut(new URL(request.url).pathname.replace(PREFIX, ""));
  return {
    kind: "audit",
    action,
    by,
    peer,
    // Of a login nothing: a token may stand under a name that was mistyped.
    details: action === LOGIN ? "{}" : JSON.stringify(await detailsOf(request)),
    outcome: await outcomeOf(answer),
  };
}

/** The content, if it was read and is an object. */
async function detailsOf(request: Request): Promise<object> {
  if (request.bodyUsed) return {};
  try {
    const content: unknown = await request.json();
    if (typeof content !== "object" || content === null || Array.isArray(content)) return {};
    return Object.fromEntries(
      Object.entries(content)
        .filter(([name]) => !SECRETS.has(name))
        .map(([name, value]: [string, unknown]) => [cut(name), told(value)]),
    );
  } catch {
    return {};
  }
}

function told(value: unknown): unknown {
  if (typeof value === "string") return cut(withoutUserInfo(value));
  const text = JSON.stringify(value);
  return text.length > LONGEST_TEXT ? cut(text) : value;
}

async function outcomeOf(answer: Response): Promise<string> {
  if (answer.status < 400) return "done";
  const text = await answer.clone().text();
  const kind = answer.status < 500 ? "refused" : "failed";
  return cut(`${kind}: ${detailIn(text)}`);
}

function detailIn(text: string): string {
  try {
    const problem = JSON.parse(text) as { readonly detail?: unknown };
    return typeof problem.detail === "string" ? problem.detail : text;
  } catch {
    return text.trim();
  }
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
