import { Store } from "./store.ts";
import type { Session } from "./types.ts";

/** An answer of the API that is not what was asked for. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** 0 if there was no answer. */
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** Undefined until the gateway has answered for the first time. */
export const session = new Store<Session | undefined>(undefined);

/** Answers JSON. Throws an ApiError. */
export function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return ask<Answer>(path, signal === undefined ? {} : { signal });
}

/** Changes something. Throws an ApiError. */
export function post<Answer = unknown>(path: string, content: unknown = {}): Promise<Answer> {
  const csrf = session.value?.csrf;
  return ask<Answer>(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(csrf !== null && csrf !== undefined && { "x-csrf-token": csrf }),
    },
    body: JSON.stringify(content),
  });
}

/** Asks who we are to the gateway. Throws an ApiError if it is not there. */
export async function readSession(): Promise<Session> {
  const now = await get<Session>("session");
  session.set(now);
  return now;
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`api/${path}`, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "The gateway does not answer.");
  }
  if (response.ok) return (await response.json()) as Answer;
  // Logged out meanwhile, or restarted: the form to log in comes back.
  if (response.status === 401 && path !== "login" && session.value?.authenticated === true) {
    session.set({ ...session.value, authenticated: false });
  }
  throw new ApiError(response.status, await detailOf(response));
}

async function detailOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return detail ?? title ?? text;
  } catch {
    return text.trim() || `The gateway answered ${response.status}.`;
  }
}
