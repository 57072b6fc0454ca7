import { type AdminSubject, createAdminPages } from "../../src/server/admin/app.ts";
import { Gate } from "../../src/server/admin/gate.ts";
import { Configurations } from "../../src/server/parts/configurations.ts";
import { LogLevelSwitch } from "../../src/server/parts/log-level.ts";
import { NoFileError } from "../../src/server/parts/reloading.ts";
import type { Clock } from "../../src/time/clock.ts";
import type { Visitor } from "../../src/server/admin/visitor.ts";
import { Live } from "../../src/telemetry/live/live.ts";
import { FakeClock } from "./fake-clock.ts";

/** A program on this machine. */
export const LOCAL: Visitor = { by: "local", peer: "127.0.0.1", port: 9090 };

/** Of a gateway without a file. */
function noOperations(clock: Clock): AdminSubject["operations"] {
  const logger = { level: "info" as const, setLevel: () => {}, log: () => {} };
  const note = () => {};
  return {
    logLevel: new LogLevelSwitch(logger, clock),
    configuredLevel: () => "info",
    configurations: new Configurations(undefined, { clock, note, announce: note }),
    reloading: {
      reload: () => Promise.reject(new NoFileError()),
      inspect: () => {
        throw new NoFileError();
      },
      rollBack: () => Promise.reject(new NoFileError()),
    },
  };
}

/** The operator's pages as a program on this machine gets them; what a test does not name is empty. */
export function adminPages(given: Partial<AdminSubject> = {}, visitor: Visitor = LOCAL) {
  const { clock = new FakeClock() } = given;
  const pages = createAdminPages({
    clock,
    version: "1.2.3",
    startedAt: 0,
    mainPort: () => 8080,
    snapshot: () => {
      throw new Error("not needed");
    },
    configuration: () => {
      throw new Error("not needed");
    },
    live: new Live({ clock, inFlight: () => 0 }),
    gate: new Gate({ clock, random: () => 0.5, isPublic: () => false }),
    queries: () => {
      throw new Error("not needed");
    },
    note: () => {},
    certificates: () => [],
    operations: noOperations(clock),
    onChange: () => {},
    accessLogCounts: () => ({ written: 0, queued: 0, dropped: 0 }),
    ...given,
  });
  return { has: pages.has, handle: (request: Request) => pages.handle(request, visitor) };
}
