import { describe, expect, test } from "bun:test";
import type { Config } from "../../../src/config/schema.ts";
import type { Loaded } from "../../../src/config/load.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { Reloader } from "../../../src/server/reloader.ts";
import { Logger } from "../../../src/telemetry/logger.ts";
import { systemClock } from "../../../src/time/clock.ts";
import { configFrom } from "../runtime/world.ts";
import { collectingWriter } from "../telemetry/collecting-writer.ts";

const text = (path: string) => `routes: [{ path: ${path}, backends: ["http://a.test"] }]`;

/** A reloader whose reads a test completes, one after another. */
function stageReloader(reload: (config: Config) => Promise<void> = async () => {}) {
  const { writer, written } = collectingWriter();
  const logger = new Logger({ level: "info", format: "text", color: false }, writer, systemClock);
  const reads: ((loaded: Loaded | Error) => void)[] = [];
  const reloaded: string[] = [];
  const reloader = new Reloader({
    logger,
    read: () =>
      new Promise((resolve, reject) => {
        reads.push((loaded) => (loaded instanceof Error ? reject(loaded) : resolve(loaded)));
      }),
    gateway: {
      async reload(config) {
        reloaded.push(config.routes[0]?.path ?? "");
        await reload(config);
      },
    },
  });
  return { reloader, reads, reloaded, log: written };
}

const valid = (path: string): Loaded => ({ config: configFrom(text(path)), diagnostics: [] });

describe("reloads", () => {
  test("apply the configuration that was read, and say so", async () => {
    const { reloader, reads, reloaded, log } = stageReloader();
    const done = reloader.request({ cause: "SIGHUP", by: "signal" });
    reads[0]?.(valid("/a"));
    await done;
    expect(reloaded).toEqual(["/a"]);
    expect(log()).toContain("[INFO] SIGHUP: new configuration in force, routes: 1, backends: 1");
  });

  test("that are requested during another become one after it", async () => {
    const { reloader, reads, reloaded } = stageReloader();
    const first = reloader.request({ cause: "SIGHUP", by: "signal" });
    const others = [1, 2, 3, 4].map(() => reloader.request({ cause: "SIGHUP", by: "signal" }));
    expect(reads).toHaveLength(1);
    reads[0]?.(valid("/first"));
    await first;
    await Promise.resolve();
    expect(reads).toHaveLength(2);
    reads[1]?.(valid("/second"));
    await Promise.all(others);
    expect(reloaded).toEqual(["/first", "/second"]);
    expect(reads).toHaveLength(2);
  });

  test("that are requested after another has ended are each their own", async () => {
    const { reloader, reads, reloaded } = stageReloader();
    for (const [index, path] of ["/a", "/b", "/c"].entries()) {
      const done = reloader.request({ cause: "SIGHUP", by: "signal" });
      reads[index]?.(valid(path));
      await done;
    }
    expect(reloaded).toEqual(["/a", "/b", "/c"]);
  });

  test("of an invalid configuration log each error with its place, and change nothing", async () => {
    const { reloader, reads, reloaded, log } = stageReloader();
    const done = reloader.request({ cause: "SIGHUP", by: "signal" });
    reads[0]?.(loadConfig("gateway.yaml", `${text("/a")}\nprot: 1\nrouts: 1\n`, {}));
    await done;
    expect(reloaded).toEqual([]);
    const lines = log();
    expect(lines).toContain("[ERROR] gateway.yaml:2:1: unknown key `prot`");
    expect(lines).toContain("[ERROR] gateway.yaml:3:1: unknown key `routs`");
    expect(lines).toContain("[ERROR] SIGHUP: invalid configuration, keeping the current one");
  });

  test.each([
    ["cannot be read", "cannot read gateway.yaml: no such file"],
    ["fails in the worker", "the configuration could not be read: out of memory"],
  ])("of a configuration that %s say why, and the next one is tried", async (_, message) => {
    const { reloader, reads, reloaded, log } = stageReloader();
    const failed = reloader.request({ cause: "SIGHUP", by: "signal" });
    reads[0]?.(new Error(message));
    await failed;
    expect(log()).toContain(`[ERROR] SIGHUP: ${message}; keeping the current configuration`);
    const done = reloader.request({ cause: "SIGHUP", by: "signal" });
    reads[1]?.(valid("/a"));
    await done;
    expect(reloaded).toEqual(["/a"]);
  });

  test("that cannot be put in force say why", async () => {
    const { reloader, reads, log } = stageReloader(() => Promise.reject(new Error("no key file")));
    const done = reloader.request({ cause: "SIGHUP", by: "signal" });
    reads[0]?.(valid("/a"));
    await done;
    expect(log()).toContain("[ERROR] SIGHUP: no key file; keeping the current configuration");
  });

  test("log at most a hundred errors", async () => {
    const { reloader, reads, log } = stageReloader();
    const done = reloader.request({ cause: "SIGHUP", by: "signal" });
    const keys = Array.from({ length: 150 }, (_, index) => `unknown${index}: 1\n`).join("");
    reads[0]?.(loadConfig("gateway.yaml", `${text("/a")}\n${keys}`, {}));
    await done;
    const lines = log().split("\n");
    expect(lines.filter((line) => line.includes("unknown key"))).toHaveLength(100);
    expect(lines.find((line) => line.includes("50 more of these"))).toBeDefined();
  });
});
