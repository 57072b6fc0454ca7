import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadWithSource } from "../../../src/config/history/source.ts";
import { createConfigWorker } from "../../../src/config/off-thread/create-worker.ts";
import {
  loadOffThread,
  restoreOffThread,
  UnreadableFileError,
} from "../../../src/config/off-thread/load.ts";
import { createStage } from "../../support/stage.ts";

const stage = createStage();

async function write(text: string): Promise<string> {
  const file = join(stage.folder(), "gateway.yaml");
  await Bun.write(file, text);
  return file;
}

const load = (file: string, environment = {}) =>
  loadOffThread(file, environment, createConfigWorker);

describe("a configuration read on its own thread", () => {
  test("is the same as one read here, however many routes it has", async () => {
    const routes = Array.from(
      { length: 250 },
      (_, index) => `  - { path: /r${index}, backends: ["http://a.test"], rate_limit: 5 }`,
    );
    const text = `server: { write_timeout: 90s }\nroutes:\n${routes.join("\n")}\n`;
    const file = await write(text);
    expect(await load(file)).toEqual(loadWithSource(file, text, {}));
  });

  test("takes the environment of the process that asks", async () => {
    const file = await write('routes: [{ path: /a, backends: ["${BACKEND}"] }]');
    const { config } = await load(file, { BACKEND: "http://b.test" });
    expect(config?.routes[0]?.backends?.[0]?.url).toBe("http://b.test");
  });

  test("gives an earlier one its secrets back, as it would be done here", async () => {
    const present = "admin: { token: s3cret-s3cret }\n";
    const restored = (stored: string) => restoreOffThread(stored, present, createConfigWorker);
    expect(await restored("# more\nadmin: { token: <secret> }\n")).toEqual({
      text: `# more\n${present}`,
    });
    expect(await restored("store: { redis: <secret> }\n")).toEqual({
      missing: [{ line: 1, place: "store.redis" }],
    });
  });

  test("comes back as diagnostics when it is invalid", async () => {
    const text = "prot: 1\nroutes: []\n";
    const file = await write(text);
    expect(await load(file)).toEqual(loadWithSource(file, text, {}));
  });

  test("that does not exist is reported by the system's code", async () => {
    const failure = await load(join(stage.folder(), "missing.yaml")).catch((error) => error);
    expect(failure).toBeInstanceOf(UnreadableFileError);
    expect(failure.code).toBe("ENOENT");
  });

  test("fails with a reason when its thread dies", async () => {
    const broken = () => new Worker(URL.createObjectURL(new Blob(['throw new Error("broken")'])));
    const file = await write("routes: []");
    const failure = await loadOffThread(file, {}, broken).catch((error) => error);
    expect(failure.message).toStartWith("the configuration could not be read: ");
    expect(failure.message).toContain("broken");
  });
});
