import type { Condition, Filters, TextColumn } from "../query/filters.ts";
import { placeIn } from "./block-builder.ts";
import { type Block, type BlockReader, halves, words } from "./block-reader.ts";
import {
  ANY_STATUS,
  bucketOf,
  CODED_COLUMNS,
  codeOf,
  narrowCodeOf,
  narrowed,
  NO_BUCKET,
  NOTHING,
  PART,
} from "./columns.ts";
import { PathProbe } from "./path-probe.ts";
import type { Places } from "./places.ts";
import { summaryOf } from "./summary.ts";

/** What a block's summary tells of a condition. */
export type Outlook =
  /** No row of the block meets it. */
  | { readonly kind: "none" }
  /** The rows are not told apart: all may. */
  | { readonly kind: "all" }
  /** About this share of them does; `narrow` reads which. */
  | {
      readonly kind: "some";
      readonly share: number;
      narrow(reader: BlockReader, places: Places): void;
    };

/** Finds rows that may meet one condition; none that meets it is left out. */
export type Probe = (block: Block) => Outlook;

const NONE: Outlook = { kind: "none" };
const ALL: Outlook = { kind: "all" };

export function probesOf({ conditions, since, until }: Filters): Probe[] {
  const probes = conditions.flatMap(probesOfOne);
  if (since > -Infinity || until < Infinity) probes.push(timeProbe(since, until));
  return probes;
}

function probesOfOne(condition: Condition): Probe[] {
  if (condition.kind === "glob") return pathProbes([condition.glob]);
  if (condition.column !== "path") return [probeOf(condition)];
  return condition.kind === "text" ? pathProbes(condition.texts) : [];
}

function probeOf(condition: Exclude<Condition, { kind: "glob" }>): Probe {
  if (condition.kind === "number") {
    const { ranges, column } = condition;
    if (column === "latency_ms") return latencyProbe(ranges);
    const test = (status: number) =>
      status === ANY_STATUS || ranges.some(({ from, to }) => status >= from && status <= to);
    return codedProbe(PART.status, { test, narrowTest: test, share: SHARE_OF_RANGE });
  }
  const { column } = condition;
  const part = partOf(column);
  if (condition.kind === "presence") {
    const { present } = condition;
    const test = (value: number) => (value !== NOTHING) === present;
    return codedProbe(part, { test, narrowTest: test, share: SHARE_OF_PRESENCE });
  }
  const { texts } = condition;
  return codedProbe(part, {
    test: oneOf(texts.map((text) => codeOf(column, text))),
    narrowTest: oneOf(texts.map((text) => narrowCode(column, text))),
    share: SHARE_OF_TEXT,
  });
}

function oneOf(codes: readonly number[]): (value: number) => boolean {
  const [first] = codes;
  return codes.length === 1 ? (value) => value === first : (value) => codes.includes(value);
}

function narrowCode(column: TextColumn, text: string): number {
  const isUnique = CODED_COLUMNS.some((one) => one.column === column && one.isUnique === true);
  return isUnique ? narrowCodeOf(text) : narrowed(codeOf(column, text));
}

/** What to expect of a part with many values. */
const SHARE_OF_TEXT = 0.001;
const SHARE_OF_RANGE = 0.3;
const SHARE_OF_GROUPS = 0.01;
/** Reading paths costs most, so that all others come before. */
const SHARE_OF_PATHS = 1;
const SHARE_OF_PRESENCE = 0.5;

function partOf(column: TextColumn): number {
  return CODED_COLUMNS.find((one) => one.column === column)?.part ?? PART.ids;
}

interface CodeTest {
  /** Of a value of 32 bits. */
  readonly test: (value: number) => boolean;
  /** Of the same in 16 bits. */
  readonly narrowTest: (value: number) => boolean;
  readonly share: number;
}

function codedProbe(part: number, { test, narrowTest, share }: CodeTest): Probe {
  return (block) => {
    const summary = summaryOf(block.words, part);
    if (summary.kind === "constant") return test(summary.value) ? ALL : NONE;
    if (summary.kind === "codes") {
      const { values } = summary;
      const accepted = acceptedBy(test, values);
      const count = accepted.reduce((sum, one) => sum + one, 0);
      if (count === 0) return NONE;
      if (count === values.length) return ALL;
      return some(count / values.length, (reader, places) =>
        places.keepCodes(reader.part(block, part), accepted),
      );
    }
    if (summary.kind === "long codes") {
      const { count } = summary;
      return some(share, (reader, places) => {
        const data = reader.part(block, part);
        if (data === undefined) return;
        const accepted = acceptedBy(test, words(data.subarray(0, count * 4)));
        if (accepted.includes(1)) places.keepCodes(data.subarray(count * 4), accepted);
        else places.clear();
      });
    }
    if (summary.kind !== "values") return ALL;
    return some(share, (reader, places) => {
      const data = reader.part(block, part);
      if (data !== undefined) places.keepValues(halves(data), narrowTest);
    });
  };
}

const some = (share: number, narrow: (reader: BlockReader, places: Places) => void): Outlook => ({
  kind: "some",
  share,
  narrow,
});

/** For each value 1 if it passes the test. */
const acceptedBy = (test: (value: number) => boolean, values: ArrayLike<number>): Uint8Array =>
  Uint8Array.from(values, (value) => (test(value) ? 1 : 0));

function latencyProbe(ranges: readonly { readonly from: number; readonly to: number }[]): Probe {
  const buckets = ranges.map(({ from, to }) => ({ from: bucketOf(from), to: bucketOf(to) }));
  const test = (bucket: number) =>
    bucket !== NO_BUCKET && buckets.some(({ from, to }) => bucket >= from && bucket <= to);
  return (block) => {
    const summary = summaryOf(block.words, PART.latency);
    if (summary.kind !== "range") return ALL;
    const { from, to } = summary;
    if (from === to) return test(from) ? ALL : NONE;
    if (!buckets.some((wanted) => wanted.from <= to && wanted.to >= from)) return NONE;
    return some(SHARE_OF_RANGE, (reader, places) => {
      const data = reader.part(block, PART.latency);
      if (data !== undefined) places.keepValues(halves(data), test);
    });
  };
}

function timeProbe(since: number, until: number): Probe {
  return (block) => {
    const { from, to } = block;
    if (to < since || from >= until) return NONE;
    if (from >= since && to < until) return ALL;
    if (summaryOf(block.words, PART.time).kind !== "values") return ALL;
    const first = since <= from ? 0 : placeIn(since, block);
    const last = until > to ? Infinity : placeIn(until, block);
    return some(SHARE_OF_RANGE, (reader, places) => {
      const data = reader.part(block, PART.time);
      if (data === undefined) return;
      places.keepValues(halves(data), (place) => place >= first && place <= last);
    });
  };
}

/** One by what is known of the groups of paths, and one by the paths. */
function pathProbes(globs: readonly string[]): Probe[] {
  const [glob = ""] = globs;
  // Halves of characters have no bytes; several paths are told apart by their rows.
  if (globs.length !== 1 || !glob.isWellFormed()) return [];
  const probe = new PathProbe(glob);
  const ofPaths =
    (share: number, narrow: (block: Block, reader: BlockReader, places: Places) => void): Probe =>
    (block) =>
      summaryOf(block.words, PART.pathGroups).kind === "values"
        ? some(share, (reader, places) => narrow(block, reader, places))
        : ALL;
  return [
    ofPaths(SHARE_OF_GROUPS, (...given) => probe.keepByGroups(...given)),
    ofPaths(SHARE_OF_PATHS, (...given) => probe.keepByPaths(...given)),
  ];
}
