import { expect, test } from "bun:test";
import { meansAway, reasonOf } from "../../../src/store/reasons.ts";

test.each([
  "READONLY You can't write against a read only replica.",
  "OOM command not allowed when used memory > 'maxmemory'.",
  "NOPERM User joe has no permissions to run the 'evalsha' command",
  "NOAUTH Authentication required.",
  "LOADING Redis is loading the dataset in memory",
  "MISCONF Redis is configured to save RDB snapshots",
  "BUSY Redis is busy running a script.",
  "CLUSTERDOWN Hash slot not served",
  "MOVED 3999 127.0.0.1:6381",
  "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write",
])("a server that says %s will say it to the next call too", (message) => {
  expect(meansAway(new Error(message))).toBe(true);
});

test.each(["WRONGTYPE Operation against a key", "ERR unknown command", "Connection closed"])(
  "%s may be of one call alone",
  (message) => {
    expect(meansAway(new Error(message))).toBe(false);
  },
);

test("a reason is one line of printable text, of bounded length", () => {
  expect(reasonOf(new Error("ERR a\nb\u001b[31m"))).toBe("ERR a\\nb\\x1b[31m");
  expect(reasonOf(new Error("x".repeat(1_000)))).toHaveLength(201);
  expect(reasonOf("no error")).toBe("no error");
});

test("what only a Redis Cluster says is explained", () => {
  expect(reasonOf(new Error("MOVED 3999 127.0.0.1:6381"))).toEndWith("must be on one node)");
});
