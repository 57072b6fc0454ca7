import { expect, test } from "bun:test";
import { join } from "node:path";
import { serve } from "../../../src/cli/serve.ts";
import { createStage } from "../../support/stage.ts";
import { FakeConsole, given } from "./fake-console.ts";

const stage = createStage();

test("`serve` starts nothing with an invalid configuration, and reports its errors", async () => {
  const config = join(stage.folder(), "gateway.yaml");
  await Bun.write(config, "prot: 1\nroutes: [{ path: /a, backends: [http://a] }]\n");
  const console = new FakeConsole();
  expect(await serve.run(given({ flags: { config } }), console)).toBe(1);
  expect(console.printed).toBe("");
  expect(console.complaints).toContain(`${config}:1:1: error: unknown key \`prot\``);
  expect(console.complaints).toEndWith(`${config}: 1 error\n`);
});
