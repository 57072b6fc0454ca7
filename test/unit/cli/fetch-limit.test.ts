import { afterAll, afterEach, describe, expect, spyOn, test } from "bun:test";
import { raiseFetchLimit } from "../../../src/cli/fetch-limit.ts";

const VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";

describe("the runtime's bound on requests at a time", () => {
  // The real one would put an end to the test run.
  const replaceProcess = spyOn(process, "execve").mockImplementation(() => undefined as never);
  afterEach(() => replaceProcess.mockClear());
  afterAll(() => replaceProcess.mockRestore());

  test("is raised by starting over, with the same command line and environment", () => {
    raiseFetchLimit({ HOME: "/home/me" });
    expect(replaceProcess).toHaveBeenCalledTimes(1);
    const [program, args = [], environment] = replaceProcess.mock.calls[0] ?? [];
    expect(program).toBe(process.execPath);
    expect(args[0]).toBe(process.execPath);
    expect(args.slice(args.length - process.argv.length + 1)).toEqual(process.argv.slice(1));
    expect(environment).toEqual({ HOME: "/home/me", [VARIABLE]: "65535" });
  });

  test("is left as it is where somebody has set it", () => {
    raiseFetchLimit({ [VARIABLE]: "300" });
    expect(replaceProcess).not.toHaveBeenCalled();
  });
});
