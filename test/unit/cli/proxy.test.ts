import { describe, expect, test } from "bun:test";
import { proxy } from "../../../src/cli/proxy.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given, refusal } from "./fake-console.ts";

const stage = createStage();

describe("`proxy`", () => {
  test.each([
    [[], "name a backend: gateway proxy --to http://localhost:3000"],
    [["ftp://a"], "a backend's URL begins with http:// or https://, like http://localhost:9001"],
    [["http://a/?b"], "a backend's URL cannot have a query; leave out ? and what follows"],
    [["unix:/a.sock", "unix:/a.sock"], "the backend unix:/a.sock is given twice"],
    [["3000", "localhost:3000"], "the backend http://localhost:3000 is given twice"],
  ])("refuses the backends %j in words", async (to, words) => {
    const flags = { port: "0" };
    const run = () => proxy.run(given({ lists: { to }, flags }), new FakeConsole());
    expect(await refusal(run)).toBe(words);
  });

  test("names a port that is taken, and the flag for another one", async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    stage.defer(() => taken.stop(true));
    const console = new FakeConsole();
    const flags = { port: String(taken.port) };

    expect(await proxy.run(given({ operands: ["3000"], flags }), console)).toBe(1);
    expect(console.complaints).toBe(
      `gateway: cannot listen on 127.0.0.1:${taken.port}: another process has this port; choose another address with --port and --host\n`,
    );
  });

  test("names an address that is none of this machine", async () => {
    const console = new FakeConsole();
    const flags = { port: "0", host: "300.1.1.1" };

    expect(await proxy.run(given({ operands: ["3000"], flags }), console)).toBe(1);
    expect(console.complaints).toContain("300.1.1.1:0: this machine has no such address");
  });
});
