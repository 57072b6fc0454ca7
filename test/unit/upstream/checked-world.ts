import { destinationOf, readBackendAddress } from "../../../src/upstream/backend.ts";
import {
  type CheckedBackend,
  type HealthChange,
  HealthMonitor,
} from "../../../src/upstream/health/monitor.ts";
import type { Probe } from "../../../src/upstream/health/probe.ts";
import type { HealthCheck } from "../../../src/upstream/health/schema.ts";
import { DEFAULT_REACH } from "../../../src/upstream/destination.ts";
import { FakeClock } from "../../support/fake-clock.ts";

export const settings: HealthCheck = {
  enabled: true,
  path: "/health",
  interval: 10_000,
  timeout: 3_000,
  unhealthy_after: 3,
  healthy_after: 1,
};

const refused = Object.assign(new TypeError("Unable to connect"), { code: "ECONNREFUSED" });
export const url = "http://localhost:9001";

/** The backend at a URL, as the monitor takes it. */
export function at(backendUrl: string, tls?: Bun.TLSOptions): CheckedBackend {
  const address = readBackendAddress(backendUrl);
  return {
    url: backendUrl,
    basePath: address.basePath,
    to: destinationOf(address, DEFAULT_REACH, tls),
  };
}

/** What a check comes to: a status, or all that matters of an answer. */
type Answering = (...asked: Parameters<Probe>) => Promise<number | Awaited<ReturnType<Probe>>>;

/** A monitor in a world where `answer` says what each check comes to. */
export function world(answer: Answering = async () => 200, random = () => 0.5) {
  const clock = new FakeClock();
  const asked: {
    url: string;
    at: number;
    signal: AbortSignal;
    tls: Bun.TLSOptions | undefined;
  }[] = [];
  const changes: HealthChange[] = [];
  const warnings: string[] = [];
  const current = { answer };
  const monitor = new HealthMonitor({
    clock,
    random,
    probe: (request, signal) => {
      const { to, path } = request;
      const asking = { url: to.origin + path, at: clock.monotonic(), signal, tls: to.tls };
      asked.push(asking);
      return answered(current.answer(request, signal));
    },
    onChange: (change) => changes.push(change),
    warn: (message) => warnings.push(message),
  });
  return {
    clock,
    monitor,
    asked,
    changes,
    warnings,
    times: () => asked.map(({ at }) => at),
    answerWith: (answer: Answering) => {
      current.answer = answer;
    },
    /** Advances time in small steps, with room in each for its effects. */
    pass: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        await settled();
        clock.advance(Math.min(100, ms - passed));
      }
      await settled();
    },
  };
}

async function answered(answer: ReturnType<Answering>): ReturnType<Probe> {
  const answered = await answer;
  return typeof answered === "number" ? { status: answered, location: undefined } : answered;
}

export async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

export const hang: Answering = () => new Promise(() => {});
export const refuse: Answering = async () => {
  throw refused;
};
