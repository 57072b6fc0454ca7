import type { Session } from "./sessions.ts";

/** In place of the port of a visitor who came by the main port, where nobody logs in. */
export const NO_PORT = 0;

/** Who sent a request to the operator's port, as far as it has been shown. */
export interface Visitor {
  /** `nobody` gets only what shows nothing of this gateway: the page, and what logs in. */
  readonly by: "token" | "session" | "local" | "nobody";
  /** The address at the other end of the socket. */
  readonly peer: string;
  /** The port that was asked. */
  readonly port: number;
  /** Of a browser that has logged in. */
  readonly session?: Session | undefined;
  readonly sessionId?: string | undefined;
  /** Whether what let the visitor in still does; for answers that do not end. */
  readonly isStillIn?: (() => boolean) | undefined;
}
