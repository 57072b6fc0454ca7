import { afterAll, beforeAll, describe, test } from "bun:test";
import { startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";
import { RecordingBackend } from "./backend.ts";
import { cases } from "./cases.ts";
import { gatewayConfig } from "./gateway-config.ts";
import { knownLimits } from "./known-limits.ts";
import { type Outcome, runCases } from "./run.ts";

const RUN_AT_MOST_MS = 300_000;

const stage = createStage(afterAll);
const outcomes = new Map<string, Outcome>();

// All at once, so that the cases about time do not add up.
beforeAll(async () => {
  const backend = await RecordingBackend.listen(0);
  stage.defer(() => backend.close());
  const { port } = await startGateway(stage, gatewayConfig(backend.port));
  const possible = cases.filter((wireCase) => !knownLimits.has(title(wireCase)));
  for (const outcome of await runCases(possible, { host: "127.0.0.1", port }, backend)) {
    outcomes.set(title(outcome), outcome);
  }
}, RUN_AT_MOST_MS);

for (const [section, members] of Map.groupBy(cases, (wireCase) => wireCase.section)) {
  describe(section, () => {
    for (const wireCase of members) {
      const limit = knownLimits.get(title(wireCase));
      if (limit !== undefined) {
        test.skip(`${wireCase.name} (known limit: ${limit})`, () => undefined);
        continue;
      }
      test(wireCase.name, () => {
        const outcome = outcomes.get(title(wireCase));
        if (outcome?.passed !== true) throw new Error(outcome?.reason ?? "the case did not run");
      });
    }
  });
}

function title({ section, name }: { section: string; name: string }): string {
  return `${section}: ${name}`;
}
