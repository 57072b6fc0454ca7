import { type HealthChange, HealthMonitor } from "../../../src/upstream/health/monitor.ts";
import type { Probe } from "../../../src/upstream/health/probe.ts";
import type { HealthCheck } from "../../../src/upstream/health/schema.ts";
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

/** A monitor in a world where `answer` says what each check comes to. */
export function world(answer: Probe = async () => 200, random = () => 0.5) {
  const clock = new FakeClock();
  const asked: {
    url: string;
    at: number;
    signal: AbortSignal;
    tls: Bun.TLSOptions | undefined;
  }[] = [];
  const changes: HealthChange[] = [];
  const current = { answer };
  const monitor = new HealthMonitor({
    clock,
    random,
    probe: (url, signal, tls) => {
      asked.push({ url, at: clock.monotonic(), signal, tls });
      return current.answer(url, signal, tls);
    },
    onChange: (change) => changes.push(change),
  });
  return {
    clock,
    monitor,
    asked,
    changes,
    times: () => asked.map(({ at }) => at),
    answerWith: (answer: Probe) => {
      current.answer = answer;
    },
    /** Time passes in small steps, with room in each for what it sets off. */
    pass: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        await settled();
        clock.advance(Math.min(100, ms - passed));
      }
      await settled();
    },
  };
}

export async function settled() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

export const hang: Probe = () => new Promise(() => {});
export const refuse: Probe = async () => {
  throw refused;
};
