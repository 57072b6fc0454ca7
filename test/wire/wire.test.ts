import { afterAll, beforeAll, describe, test } from "bun:test";
import { join } from "node:path";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";
import { RecordingBackend } from "./backend.ts";
import { cases } from "./cases.ts";
import { gatewayConfig } from "./gateway-config.ts";
import { knownLimits } from "./known-limits.ts";
import { type Outcome, runCases } from "./run.ts";

const RUN_AT_MOST_MS = 300_000;

const stage = createStage(afterAll);
const possible = cases.filter((wireCase) => !knownLimits.has(title(wireCase)));
const outcomes = { plain: new Map<string, Outcome>(), tls: new Map<string, Outcome>() };

// All at once, so that the cases about time do not add up.
beforeAll(() => Promise.all([run("plain"), ...(hasOpenssl ? [run("tls")] : [])]), RUN_AT_MOST_MS);

async function run(way: keyof typeof outcomes): Promise<void> {
  const backend = await RecordingBackend.listen(0);
  stage.defer(() => backend.close());
  const config = gatewayConfig(backend.port);
  const server = way === "tls" ? { ...config.server, tls: await tlsConfig() } : config.server;
  const { port, tlsUrl } = await startGateway(stage, { ...config, server });
  const target =
    way === "tls"
      ? { host: "127.0.0.1", port: Number(new URL(tlsUrl).port), tls: true }
      : { host: "127.0.0.1", port };
  for (const outcome of await runCases(possible, target, backend)) {
    outcomes[way].set(title(outcome), outcome);
  }
}

async function tlsConfig() {
  const folder = stage.folder();
  await makeAuthority(folder, "ca");
  await issue(folder, "own", "IP:127.0.0.1");
  const [certificate, key] = [join(folder, "own.pem"), join(folder, "own.key")];
  return { port: 0, certificates: [{ certificate, key }] };
}

for (const [section, members] of Map.groupBy(cases, (wireCase) => wireCase.section)) {
  describe(section, () => {
    for (const wireCase of members) {
      const limit = knownLimits.get(title(wireCase));
      if (limit !== undefined) {
        test.skip(`${wireCase.name} (known limit: ${limit})`, () => undefined);
        continue;
      }
      test(wireCase.name, () => judge("plain", title(wireCase)));
      test.skipIf(!hasOpenssl)(`${wireCase.name}, over TLS`, () => judge("tls", title(wireCase)));
    }
  });
}

function judge(way: keyof typeof outcomes, name: string): void {
  const outcome = outcomes[way].get(name);
  if (outcome?.passed !== true) throw new Error(outcome?.reason ?? "the case did not run");
}

function title({ section, name }: { section: string; name: string }): string {
  return `${section}: ${name}`;
}
