import { type AdminSubject, createAdminPages } from "../../src/server/admin/app.ts";
import { Gate } from "../../src/server/admin/gate.ts";
import type { Visitor } from "../../src/server/admin/visitor.ts";
import { Live } from "../../src/telemetry/live/live.ts";
import { FakeClock } from "./fake-clock.ts";

/** A program on this machine. */
export const LOCAL: Visitor = { by: "local", peer: "127.0.0.1", port: 9090 };

/** The operator's pages as a program on this machine gets them; what a test does not name is empty. */
export function adminPages(given: Partial<AdminSubject> = {}, visitor: Visitor = LOCAL) {
  const { clock = new FakeClock() } = given;
  const pages = createAdminPages({
    clock,
    version: "1.2.3",
    startedAt: 0,
    snapshot: () => {
      throw new Error("not needed");
    },
    live: new Live({ clock, inFlight: () => 0 }),
    gate: new Gate({ clock, random: () => 0.5, isPublic: () => false }),
    onChange: () => {},
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    ...given,
  });
  return { has: pages.has, handle: (request: Request) => pages.handle(request, visitor) };
}
