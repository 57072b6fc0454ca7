import { expect, test } from "bun:test";
import { curlOf, type KeptFields } from "../../../src/server/admin/api/curl.ts";
import { escaped } from "../../../src/units/printable.ts";
import type { Row } from "../../../src/telemetry/query/row.ts";

function rowOf(given: Record<string, string | null> = {}): Row {
  return {
    id: 1,
    method: "GET",
    host: "h.test",
    path: "/a",
    query: "",
    tls_version: null,
    ...given,
  };
}

/** What curl would get from a shell that runs the command. */
function wordsOf(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}\n`;
  const { stdout, stderr } = Bun.spawnSync(["bash", "--norc", "-c", script], {
    env: { LC_ALL: "C" },
  });
  expect(stderr.toString()).toBe("");
  return stdout.toString().split("\0").slice(0, -1);
}

const HOSTILE = [
  "$(touch /tmp/x)`id`${HOME} \"'\\'\\\\ !! ; rm -rf *",
  "one\ntwo\r\nthree\t'end",
  "\u001B[201~id\n\u0003\u0004",
  "\u202Eright to left\u2028\u200B",
  "-o /etc/passwd",
  "@/etc/passwd",
  "ünïcode 🎉",
];

test.each(HOSTILE)("a shell hands curl what was in the request: %j", (text) => {
  const fields: KeptFields = [["x-a", text.replaceAll(/[\r\n]/g, "")]];
  const row = rowOf({ method: "POST", path: escaped(`/${text}`), query: escaped(`?q=${text}`) });
  const command = curlOf(row, fields, text);

  expect(command).not.toMatch(/[\p{Cc}\u202E\u2028\u200B]/u);
  expect(wordsOf(command)).toEqual([
    "--globoff",
    "--path-as-is",
    "-X",
    "POST",
    "-H",
    `x-a: ${text.replaceAll(/[\r\n]/g, "")}`,
    "-H",
    "content-type:",
    "--data-raw",
    text,
    `http://h.test/${text}?q=${text}`,
  ]);
});

test("curl is told what it would otherwise choose by itself", () => {
  expect(curlOf(rowOf(), [["X-Empty", ""]], null)).toBe(
    "curl --globoff --path-as-is -H 'X-Empty;' http://h.test/a",
  );
  expect(curlOf(rowOf(), [["Content-Type", "text/plain"]], "x")).toContain(
    "-X GET -H 'Content-Type: text/plain' --data-raw x",
  );
  expect(curlOf(rowOf({ method: "HEAD" }), undefined, "x")).not.toContain("--data-raw");
  expect(curlOf(rowOf({ method: "OPTIONS", path: "*" }), undefined, null)).toEndWith(
    "-X OPTIONS --request-target '*' http://h.test/",
  );
  expect(wordsOf(curlOf(rowOf({ method: "-d" }), undefined, null)).slice(2, 4)).toEqual([
    "-X",
    "-d",
  ]);
});
