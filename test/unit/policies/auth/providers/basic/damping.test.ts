import { describe, expect, test } from "bun:test";
import { Damping } from "../../../../../../src/policies/auth/providers/basic/damping.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";

function opened() {
  const clock = new FakeClock();
  const damping = new Damping(clock, () => 0.5);
  /** Tries to log in until that is refused; returns how often it failed. */
  function failures(network: string, user: string, most = 1_000): number {
    let count = 0;
    while (count < most && damping.secondsToWait({ network, user }) === 0) {
      damping.failed({ network, user });
      count += 1;
    }
    return count;
  }
  return { clock, damping, failures };
}

const HOME = { network: "192.0.2.1", user: "ada" };

describe("failed attempts", () => {
  test("of one address are slowed down, whoever it says it is", () => {
    const { clock, damping, failures } = opened();
    let names = 0;
    let count = 0;
    while (failures("192.0.2.66", `user${(names += 1)}`, 1) === 1) count += 1;
    expect(count).toBe(20);
    expect(damping.secondsToWait({ network: "192.0.2.66", user: "other" })).toBe(10);
    expect(damping.secondsToWait({ network: "192.0.2.67", user: "other" })).toBe(0);
    clock.advance(10_000);
    expect(failures("192.0.2.66", "another")).toBe(1);
  });

  test("at one user are slowed down, from however many addresses", () => {
    const { clock, failures } = opened();
    let count = 0;
    for (let address = 0; address < 1_000; address += 1) {
      count += failures(`198.51.100.${address}`, "ada", 1);
    }
    expect(count).toBe(20);
    clock.advance(60_000);
    count = 0;
    for (let address = 0; address < 1_000; address += 1) {
      count += failures(`203.0.113.${address}`, "ada", 1);
    }
    expect(count).toBe(20);
  });

  test("leave room for a user at a new address while known guessers go on", () => {
    const { damping, failures } = opened();
    for (let address = 0; address < 50; address += 1) {
      failures(`198.51.100.${address}`, `warming up ${address}`, 1);
    }
    for (let address = 0; address < 50; address += 1) failures(`198.51.100.${address}`, "ada");
    expect(damping.secondsToWait({ network: "198.51.100.1", user: "ada" })).toBeGreaterThan(0);
    expect(damping.trustIn(HOME)).toBe("clean");
    expect(damping.secondsToWait(HOME)).toBe(0);
  });

  test("never shut a user out where that user has logged in before", () => {
    const { clock, damping, failures } = opened();
    damping.succeeded(HOME);
    clock.advance(29 * 86_400_000);
    for (let address = 0; address < 200; address += 1) failures(`198.51.100.${address}`, "ada");
    failures(HOME.network, "eve");
    expect(damping.trustIn(HOME)).toBe("familiar");
    expect(damping.secondsToWait(HOME)).toBe(0);
    expect(damping.trustIn({ network: HOME.network, user: "eve" })).toBe("suspect");
    // Not without bounds: others may be behind the same address.
    expect(failures(HOME.network, "ada")).toBe(10);
    clock.advance(86_400_000);
    expect(damping.trustIn(HOME)).toBe("clean");
  });

  test("are forgotten in time", () => {
    const { clock, damping, failures } = opened();
    failures("192.0.2.66", "ada");
    expect(damping.trustIn({ network: "192.0.2.66", user: "x" })).toBe("suspect");
    clock.advance(200_000);
    expect(damping.trustIn({ network: "192.0.2.66", user: "x" })).toBe("clean");
  });

  test("familiar places are kept within bounds, the latest ones", () => {
    const { damping } = opened();
    for (let user = 0; user < 20_001; user += 1) {
      damping.succeeded({ network: "192.0.2.1", user: `user${user}` });
    }
    expect(damping.trustIn({ network: "192.0.2.1", user: "user0" })).toBe("clean");
    expect(damping.trustIn({ network: "192.0.2.1", user: "user1" })).toBe("familiar");
  });
});
