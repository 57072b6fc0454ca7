import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { type Diagnostic, formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { isError, loadConfig } from "../../../src/config/load.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SECRET = "zq9-nobody-knows";

const VALID = `# A gateway
server: { host: 0.0.0.0, port: "\${PORT:-8080}", read_timeout: 30s, trusted_proxies: [10.0.0.0/8] }
admin:
  listen: 127.0.0.1:9090
  token: "\${SECRET}"
logging: { database: gateway.db, level: info, retention: { max_age: 7d, max_size: 1GiB } }
rate_limiting: { requests_per_second: 600/m, burst: 50, key: client_ip }
cors:
  allowed_origins: ["https://*.example.com", 'https://日本.example']
  allow_credentials: true
health_check: { path: /health, interval: 10s, timeout: 3s }
routes:
  - &users
    path: "/api/users/*"
    backends: &pool
      - { url: "http://localhost:9001", weight: 2 }
      - http://\${SECRET}
    methods: [GET, POST]
    rate_limit: 50
  - { <<: *users, path: /api/orders/:id, rate_limit: { requests_per_second: 5/s } }
  - path: /status
    backends: *pool
    health_check: { interval: 5s }
    cors: {}
`;

const LINES = VALID.split("\n");

const scalar = fc.oneof(
  fc.constantFrom(
    ..."0 -1 1.5 1e999 .nan 99999 true null ~ {} [] 5s 0/s 2d 1KiB * get /:a/:a /* http:// *pool".split(
      " ",
    ),
    "${SECRET}",
    "'${SECRET}'",
    "${UNSET}",
    "''",
    "__proto__",
    "\u0000",
  ),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);

type Edit = (lines: readonly string[]) => readonly string[];

const index = fc.nat({ max: LINES.length - 1 });
const edit = fc.oneof(
  index.map(
    (at): Edit =>
      (lines) =>
        lines.toSpliced(at, 1),
  ),
  index.map(
    (at): Edit =>
      (lines) =>
        lines.toSpliced(at, 0, lines[at] ?? ""),
  ),
  fc.tuple(index, fc.nat({ max: 10 }), scalar).map(([at, nth, value]): Edit => (lines) => {
    let seen = -1;
    const line = (lines[at] ?? "").replace(/(?<=[:[,-] )[^\s,\]}]+/g, (old) => {
      seen += 1;
      return seen === nth ? value : old;
    });
    return lines.with(Math.min(at, lines.length - 1), line);
  }),
  fc.tuple(index, fc.nat({ max: 80 }), scalar).map(([at, column, text]): Edit => (lines) => {
    const line = lines[at] ?? "";
    const changed = line.slice(0, column) + text + line.slice(column);
    return lines.with(Math.min(at, lines.length - 1), changed);
  }),
);

const damaged = fc
  .tuple(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.constantFrom("\n", "\r\n"))
  .map(([edits, end]) =>
    edits.reduce((lines, change) => change(lines), LINES as readonly string[]).join(end),
  );

/** What of a diagnostic is not in the text that it is about; "" when all is. */
function misplaced(text: string, { line, column, length, sourceLine }: Diagnostic): string {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const width = Array.from(sourceLine).length;
  if (!isShown(lines[line - 1]?.replace(/\r$/, ""), sourceLine)) return `no such line ${line}`;
  if (column < 1 || column > width + 1) return `no column ${column} in line ${line}`;
  return column - 1 + length > Math.max(width, column) ? `line ${line} ends before` : "";
}

/** Whether a line is shown as it is, but for "*" in place of secrets. */
function isShown(line: string | undefined, shown: string): boolean {
  const characters = Array.from(line ?? "");
  const marks = Array.from(shown);
  return (
    line !== undefined &&
    marks.length === characters.length &&
    marks.every((mark, at) => mark === characters[at] || mark === "*")
  );
}

test("a damaged configuration is still read, or reported with places that are in the text", () => {
  fc.assert(
    fc.property(damaged, (text) => {
      const { config, diagnostics } = loadConfig("gateway.yaml", text, { SECRET });
      expect(config === undefined).toBe(diagnostics.some(isError));
      for (const diagnostic of diagnostics) expect(misplaced(text, diagnostic)).toBe("");
      const printed = formatDiagnostics(diagnostics, { color: false });
      expect(printed).not.toContain(SECRET);
      expect(printed).not.toMatch(/undefined|\[object|TypeBox|NaN/);
    }),
    { numRuns: 1_000 },
  );
});

test("the configuration that is damaged was good", () => {
  expect(loadConfig("gateway.yaml", VALID, { SECRET }).diagnostics).toEqual([]);
});
