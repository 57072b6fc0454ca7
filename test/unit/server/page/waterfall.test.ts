import { expect, test } from "bun:test";
import type { Decisions } from "../../../../src/pipeline/decisions/decisions.ts";
import type { FullRow } from "../../../../src/server/admin/page/app/data/types.ts";
import { spansOf } from "../../../../src/server/admin/page/app/views/waterfall-spans.ts";

const row = (part: Partial<FullRow>) =>
  ({ latency_ms: 12, ttfb_ms: 10, backend: "http://a:1", decisions: null, ...part }) as FullRow;

test("a request without decisions has its first byte and its content", () => {
  expect(spansOf(row({})).map(({ label, at, took }) => [label, at, took])).toEqual([
    ["Until the first byte", 0, 10],
    ["Content", 10, 2],
  ]);
  expect(spansOf(row({ ttfb_ms: null })).map(({ label, took }) => [label, took])).toEqual([
    ["In all", 12],
  ]);
});

test("each phase is followed by what happened in it", () => {
  const decisions: Decisions = {
    phases: [
      { phase: "route", at_ms: 0, took_ms: 1 },
      { phase: "in", at_ms: 1, took_ms: 2 },
      { phase: "send", at_ms: 3, took_ms: 8 },
      { phase: "out", at_ms: 11, took_ms: 1 },
    ],
    route: { outcome: "matched", id: "users" },
    policies: [
      {
        name: "auth",
        verdict: "refused",
        code: "unauthorized",
        at_ms: 1,
        took_ms: 1,
        out: { at_ms: 11, took_ms: 1, replaced: true },
      },
      { name: "cors", verdict: "passed", at_ms: 2, took_ms: 1 },
    ],
    attempts: [
      { backend: "http://a:1", outcome: "timeout", error: "no answer", at_ms: 3, took_ms: 2 },
      { backend: "http://b:2", outcome: "answered", status: 200, at_ms: 6, took_ms: 5 },
    ],
    waits: [{ for: "retry", at_ms: 5, took_ms: 1 }],
  };
  expect(spansOf(row({ decisions })).map(({ label, note, tone }) => [label, note, tone])).toEqual([
    ["Route", "users", "phase"],
    ["Policies in", "", "phase"],
    ["auth", "refused unauthorized", "bad"],
    ["cors", "", "policy"],
    ["Backend", "", "phase"],
    ["a:1", "no answer", "bad"],
    ["wait before a retry", "", "wait"],
    ["b:2", "200", "attempt"],
    ["Policies out", "", "phase"],
    ["auth", "replaced the answer", "policy"],
  ]);
});
