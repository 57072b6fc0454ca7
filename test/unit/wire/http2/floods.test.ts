import { describe, expect, test } from "bun:test";
import { Floods } from "../../../../src/wire/http2/floods.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function resets(floods: Floods, count: number): void {
  for (let time = 0; time < count; time += 1) floods.reset();
}

describe("a peer that resets its streams", () => {
  test("may do so 500 times at once, and 50 times a second", () => {
    const clock = new FakeClock();
    const floods = new Floods(clock);
    resets(floods, 500);
    expect(() => floods.reset()).toThrow("too many streams that were reset");
    clock.advance(1_000);
    resets(floods, 50);
    expect(() => floods.reset()).toThrow("too many streams that were reset");
  });

  test("may reset as many more as are answered", () => {
    const floods = new Floods(new FakeClock());
    for (let time = 0; time < 5_000; time += 1) {
      floods.reset();
      floods.answered();
    }
    resets(floods, 500);
    expect(() => floods.reset()).toThrow("too many streams that were reset");
  });
});

test("useful frames allow for others", () => {
  const floods = new Floods(new FakeClock());
  for (let time = 0; time < 2_000; time += 1) floods.control("PING frames");
  expect(() => floods.control("PING frames")).toThrow("too many PING frames");
  floods.useful(2);
  floods.control("PING frames");
  floods.control("PING frames");
  expect(() => floods.control("PING frames")).toThrow("too many PING frames");
});
