import { describe, expect, test } from "bun:test";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { requiresProgram } from "../support/requires.ts";
import { createStage } from "../support/stage.ts";
import { tmuxTerminal } from "../support/tmux.ts";

const stage = createStage();

describe.skipIf(!requiresProgram("tmux", "tmux"))("gateway top in a terminal", () => {
  test("shows the traffic, at any size, without colours where they are not wanted", async () => {
    const gateway = await startGateway(stage, {
      health_check: noHealthChecks,
      admin: { listen: "127.0.0.1:0" },
      routes: [
        { path: "/api/*", respond: { body: "ok" } },
        { path: "/broken", respond: { status: 503 } },
      ],
    });
    const line = `${await gatewayBinary()} top --admin ${gateway.adminUrl}`;
    const terminal = await tmuxTerminal(stage, line, { width: 60, height: 16 }, { NO_COLOR: "1" });
    const ask = async () => {
      await fetch(`${gateway.url}/api/users/1`);
      await fetch(`${gateway.url}/broken`);
    };
    await terminal.until((screen) => screen.includes("[1 routes]"));
    const narrow = await terminal.until((screen) => {
      void ask();
      return screen.includes("/api/*") && screen.includes("/broken");
    });
    expect(narrow).not.toContain("LAST TWO MINUTES");

    await terminal.resize(200, 30);
    const wide = await terminal.until((screen) => screen.includes("LAST TWO MINUTES"));
    expect(wide.split("\n").filter((text) => text.length > 200)).toEqual([]);

    await terminal.press("3", "/", "status:5xx", "Enter");
    await terminal.until((screen) => screen.includes("filter: status:5xx"));
    await terminal.until((screen) => {
      void ask();
      return /> .*\/broken/.test(screen);
    });
    await terminal.press("Enter");
    await terminal.until((screen) => /status_code +503/.test(screen));

    await terminal.press("Escape", "q");
    await terminal.until((screen) => screen.includes("ended with 0"));
  });
});
