import { Elysia } from "elysia";

export interface LogPagesSubject {
  readonly accessLogCounts: () => { written: number; queued: number; dropped: number };
}

/** GET /admin/log: how many rows have been written, wait, and were dropped. */
export function logPages({ accessLogCounts }: LogPagesSubject) {
  return new Elysia().get("/log", () => accessLogCounts());
}
