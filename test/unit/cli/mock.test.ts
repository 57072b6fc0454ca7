import { describe, expect, test } from "bun:test";
import { mock } from "../../../src/cli/mock.ts";
import { FakeConsole, given, refusal } from "./fake-console.ts";

/** Starts `mock`, and stops it when the test is done with it. */
async function withMock(
  flags: Record<string, string>,
  use: (url: string, console: FakeConsole) => Promise<void>,
): Promise<number> {
  const console = new FakeConsole();
  const ended = mock.run(given({ flags: { port: "0", ...flags } }), console);
  await Promise.race([console.firstOutput(), ended]);
  try {
    await use(/http:\S+/.exec(console.printed)?.[0] ?? "", console);
  } finally {
    console.stop("SIGTERM");
  }
  return ended;
}

describe("`mock`", () => {
  test("says where it listens, answers with its name, and ends gracefully when asked to", async () => {
    const code = await withMock({ name: "Harry" }, async (url, console) => {
      expect(console.printed).toBe(`mock backend Harry listening on ${url}\n`);
      const answer = await fetch(`${url}/api/users/1`);
      expect(await answer.json()).toMatchObject({ server: "Harry" });
    });
    expect(code).toBe(0);
  });

  test("fails at the configured rate", async () => {
    await withMock({ "fail-rate": "1", latency: "1ms" }, async (url) => {
      const answer = await fetch(`${url}/api/users/1`);
      expect(answer.status).toBe(500);
    });
  });

  test("says that its port is taken, and ends with 1", async () => {
    await withMock({}, async (url) => {
      const console = new FakeConsole();
      const { port } = new URL(url);
      expect(await mock.run(given({ flags: { port } }), console)).toBe(1);
      expect(console.complaints).toBe(
        `gateway: cannot listen on 127.0.0.1:${port}: another process has this port; choose another address with --port and --host\n`,
      );
      expect(console.printed).toBe("");
    });
  });

  test.each([
    [{ port: "70000" }, '--port takes a whole number from 0 to 65535, not "70000"'],
    [{ latency: "50" }, '--latency takes a duration, like 50ms or 2s, not "50"'],
    [{ "fail-rate": "2" }, '--fail-rate takes a number from 0 to 1, like 0.1, not "2"'],
    [{ "fail-rate": "half" }, '--fail-rate takes a number from 0 to 1, like 0.1, not "half"'],
  ])("refuses %j in words", async (flags, words) => {
    expect(await refusal(() => mock.run(given({ flags }), new FakeConsole()))).toBe(words);
  });
});
