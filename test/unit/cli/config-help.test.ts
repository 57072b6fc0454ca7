import { describe, expect, test } from "bun:test";
import { configHelp } from "../../../src/cli/config-help.ts";
import { referenceSections } from "../../../src/config/reference.ts";
import { refusal } from "./fake-console.ts";

describe("`help config`", () => {
  test("has every key of the configuration, in lines that fit a terminal", () => {
    const text = configHelp(undefined);
    for (const { key, rows } of referenceSections()) {
      expect(text).toMatch(new RegExp(`^${key}( \\(required\\))?$`, "m"));
      for (const row of rows)
        expect(text).toContain(`\n  ${row.key}: ${row.takes.replaceAll("`", "")}`);
    }
    const meanings = text.split("\n").filter((line) => line.startsWith("      "));
    expect(Math.max(...meanings.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("shows one section alone", () => {
    const text = configHelp("logging");
    expect(text).toStartWith("logging\n  ");
    expect(text).toContain("\n  logging.retention.max_age: a duration");
    expect(text).not.toContain("server.");
  });

  test.each(["routes.timeouts", "routes[].timeouts"])("shows %s with what is below it", (key) => {
    const keys = [...configHelp(key).matchAll(/^ {2}(\S+):/gm)].map(([, name]) => name);
    expect(keys).toEqual([
      "routes[].timeouts",
      "routes[].timeouts.request",
      "routes[].timeouts.response",
      "routes[].timeouts.idle",
      "routes[].timeouts.exchange",
    ]);
  });

  test("shows every place of a key that several have", () => {
    const text = configHelp("timeouts");
    expect(text).toContain("\n  server.timeouts.idle:");
    expect(text).toContain("\n  routes[].timeouts.idle:");
  });

  test("shows a key once that means the same in upstreams and in routes", () => {
    const text = configHelp("max_ejected");
    expect(text).toStartWith(
      "  upstreams.NAME.ejection.max_ejected, routes[].ejection.max_ejected: ",
    );
    expect(text.match(/How much of the pool/g)).toHaveLength(1);
  });

  test("names the default of a key, and what is required", () => {
    expect(configHelp("server.port")).toContain(", default 8080\n");
    expect(configHelp("routes.path")).toContain(", required\n");
  });

  test("takes a path with the names of a configuration, as messages write it", () => {
    expect(configHelp("auth.corp.oidc.client_id")).toStartWith("  auth.NAME.oidc.client_id: ");
    expect(configHelp("upstreams.users.balance")).toContain("upstreams.NAME.balance");
  });

  test("of an unknown key suggests the nearest one", async () => {
    expect(await refusal(() => configHelp("sever.port"))).toBe(
      "unknown key sever.port, did you mean server.port?\n`gateway help config` lists them all",
    );
  });
});
