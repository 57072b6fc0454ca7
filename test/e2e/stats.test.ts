import { expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { ask } from "../support/ask.ts";
import { runToEnd } from "../support/child.ts";
import { startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

interface Printed {
  readonly groups: readonly { readonly value: string; readonly requests: number }[];
}

test("statistics are shown while the gateway runs and after it has stopped", async () => {
  const gateway = await startGateway(stage, {
    routes: [
      { path: "/a", respond: { body: "ok" } },
      // Without rows, and counted.
      { path: "/b", respond: { body: "ok" }, log: "off" },
    ],
  });
  for (const path of ["/a", "/a", "/b", "/b", "/b", "/none"]) await ask(gateway.url + path);
  await gateway.waitForRows(3);

  const folder = dirname(gateway.database);
  const stats = (...more: string[]) =>
    runToEnd(stage, ["stats", "--config", join(folder, "test-gateway.yaml"), ...more], {
      cwd: folder,
    });
  const groups = async () => {
    const { code, out } = await stats("--json");
    const { groups: all } = JSON.parse(out) as Printed;
    return [code, ...all.map(({ value, requests }) => [value, requests])];
  };
  const expected = [0, ["/b", 3], ["/a", 2], ["(none)", 1]];
  expect(await groups()).toEqual(expected);
  expect(await gateway.stop()).toBe(0);
  expect(await groups()).toEqual(expected);

  const table = await stats("--by", "status");
  expect(table.out).toMatch(
    /\n6 requests, 0% errors, .*\n\nSTATUS +REQUESTS .*\n2xx +5 .*\n4xx +1 /,
  );
  const none = await stats("--since", "2024-01-01", "--until", "2024-01-02");
  expect([none.code, none.err]).toEqual([
    1,
    expect.stringContaining("no requests from 2024-01-01 00:00 to 2024-01-02 00:00 UTC"),
  ]);
});
