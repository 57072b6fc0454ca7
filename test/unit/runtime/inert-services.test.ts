import { expect, test } from "bun:test";
import { inertServices } from "../../../src/runtime/inert-services.ts";

test("policies outside of traffic keep nothing, write nowhere and ask nobody", async () => {
  const services = inertServices();
  expect(services.keep("a", () => 1) + services.share("a", () => 2)).toBe(3);
  expect(services.databaseFor("quotas")).toBe(":memory:");
  expect(services.behind()).toEqual({ placeholders: [], fingerprint: "" });
  expect([services.random(), services.clock.wall(), services.clock.monotonic()]).toEqual([0, 0, 0]);
  services.log("error", "nobody reads this");
  services.clock.schedule(0, () => expect.unreachable())();
  let refusal = "";
  await services.fetch("http://a.test", {}).catch((error: Error) => (refusal = error.message));
  expect(refusal).toBe("nothing is asked outside of traffic");
});
