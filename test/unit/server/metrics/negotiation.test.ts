import { expect, test } from "bun:test";
import { formatFor, takesGzip } from "../../../../src/server/metrics/negotiation.ts";

const OLD_PROMETHEUS =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const NEW_PROMETHEUS =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

test.each([
  [null, "text"],
  ["*/*", "text"],
  ["", "text"],
  ["text/html,application/xhtml+xml,*/*;q=0.8", "text"],
  ["text/plain;version=0.0.4", "text"],
  [OLD_PROMETHEUS, "openmetrics"],
  [NEW_PROMETHEUS, "openmetrics"],
  ["application/openmetrics-text", "openmetrics"],
  ['Application/OpenMetrics-Text; Version="1.0.0"', "openmetrics"],
  ["application/openmetrics-text;version=2.0.0", "text"],
  ["application/openmetrics-text;q=0.3, text/plain;q=0.5", "text"],
  ["application/openmetrics-text;q=0.5, text/plain;q=0.3", "openmetrics"],
  ["application/openmetrics-text, text/plain", "text"],
  ["application/openmetrics-text, */*", "openmetrics"],
  ["application/openmetrics-text;q=0, */*", "text"],
  ["application/*", "openmetrics"],
  ["text/*;q=0.1, */*;q=0.9", "openmetrics"],
  ["application/openmetrics-text;q=2, text/plain;q=0.1", "text"],
  ["image/png", "text"],
] as const)("the format for Accept: %s is %s", (accepted, format) => {
  expect(formatFor(accepted)).toBe(format);
});

test.each([
  [null, false],
  ["gzip", true],
  ["deflate, GZIP;q=0.5", true],
  ["gzip;q=0", false],
  ["*", true],
  ["*;q=1, gzip;q=0", false],
  ["br, zstd", false],
] as const)("Accept-Encoding %s takes gzip: %p", (accepted, takes) => {
  expect(takesGzip(accepted)).toBe(takes);
});
